/**
 * The parts of a `multipart/form-data` body (RFC 7578), by name; of parts with the same name the last. For bodies that
 * well-behaved clients of tests send: throws Error on anything else.
 */
export function readMultipart(body: Buffer, contentType: string): Map<string, Buffer> {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) throw new Error(`no boundary in the content type: ${contentType}`);
  const fence = Buffer.from(`\r\n--${boundary}`);
  // The first fence has no line before it; with one put there, all fences are alike.
  const whole = Buffer.concat([Buffer.from('\r\n'), body]);
  const parts = new Map<string, Buffer>();
  let at = whole.indexOf(fence);
  for (let next = whole.indexOf(fence, at + 1); next !== -1; next = whole.indexOf(fence, at + 1)) {
    const headEnd = whole.indexOf('\r\n\r\n', at);
    const name = /\bname="([^"]*)"/i.exec(whole.toString('utf8', at, headEnd))?.[1];
    if (name === undefined || headEnd > next) throw new Error('a part of the form has no name');
    parts.set(name, whole.subarray(headEnd + 4, next));
    at = next;
  }
  return parts;
}
