/** The part of the WebAssembly API this project uses; neither Node's types nor the es2023 library declare it. */
declare namespace WebAssembly {
  interface Memory {
    /** Replaced by another one whenever the memory grows. */
    readonly buffer: ArrayBuffer;
  }
  /** Compiled code; can be posted to other threads. */
  interface Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, CallableFunction>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class RuntimeError extends Error {}
  function compile(bytes: Uint8Array): Promise<Module>;
}
