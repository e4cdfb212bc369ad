/** Name the capture processor registers under. */
export const CAPTURE_PROCESSOR = 'voxfleet-capture';
/** Both directions of the page's calls, in hertz. */
export const WIRE_RATE_HZ = 16_000;
/** 20 ms. */
export const FRAME_SAMPLES = WIRE_RATE_HZ / 50;
