/**
 * Runs a WASI (snapshot_preview1) command entirely in memory: arguments in, one written file out, no access to the
 * host's files, clock or standard streams. Node's own `node:wasi` would put every sentence a caller hears on disk.
 * Errno numbers and struct layouts: https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
 */
const ERRNO = { success: 0, badFd: 8, noEntry: 44, noSpace: 51, illegalSeek: 70 } as const;
const DIRECTORY_FD = 3;
const OUTPUT_FD = 4;
const DIRECTORY_NAME = Buffer.from('/out');
const FILE_TYPE = { characterDevice: 2, directory: 3, regularFile: 4 } as const;
const OPEN_CREATE = 1;
const ALL_RIGHTS = 0xffff_ffff_ffff_ffffn;

/** Where the program has to write for its output to be returned. */
export const OUTPUT_PATH = '/out/output';

/** The program ended by `proc_exit`: unwinds its stack. */
class ProgramExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`the program exited with code ${code}`);
    this.code = code;
  }
}

/** One instance of a WASI command, to be run once. */
export class MemoryProgram {
  readonly #maxOutputBytes: number;
  readonly #memory: WebAssembly.Memory;
  readonly #start: () => void;
  #args: readonly Buffer[] = [];
  #output: Buffer = Buffer.alloc(0);
  #position = 0;
  #length = 0;

  /** Instantiates already, which for a large module takes longer than short runs do. Throws where it is no WASI command. */
  constructor(module: WebAssembly.Module, maxOutputBytes: number) {
    this.#maxOutputBytes = maxOutputBytes;
    const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: this.#imports() });
    const { memory, _start: start } = exports;
    if (!isMemory(memory) || typeof start !== 'function') throw new Error('not a WASI command: no exported memory or _start');
    this.#memory = memory;
    this.#start = () => void Reflect.apply(start, undefined, []);
  }

  /** Runs to the end and gives the bytes of the file at OUTPUT_PATH. Throws on a trap or an exit code other than 0. */
  run(args: readonly string[]): Buffer {
    this.#args = args.map((arg) => Buffer.from(`${arg}\0`));
    try {
      this.#start();
    } catch (error) {
      if (!(error instanceof ProgramExit) || error.code !== 0) throw error;
    }
    return this.#output.subarray(0, this.#length);
  }

  get #view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  #imports(): Readonly<Record<string, CallableFunction>> {
    return {
      ...this.#argumentCalls(),
      ...this.#directoryCalls(),
      ...this.#fileCalls(),
      clock_time_get: (_clock: number, _precision: bigint, at: number) => {
        this.#view.setBigUint64(at, 0n, true);
        return ERRNO.success;
      },
      proc_exit: (code: number) => {
        throw new ProgramExit(code);
      },
    };
  }

  #argumentCalls(): Readonly<Record<string, CallableFunction>> {
    return {
      args_sizes_get: (countAt: number, bytesAt: number) => {
        this.#view.setUint32(countAt, this.#args.length, true);
        this.#view.setUint32(bytesAt, this.#args.reduce((sum, arg) => sum + arg.length, 0), true);
        return ERRNO.success;
      },
      args_get: (pointersAt: number, bytesAt: number) => {
        let at = bytesAt;
        for (const [i, arg] of this.#args.entries()) {
          this.#view.setUint32(pointersAt + 4 * i, at, true);
          new Uint8Array(this.#memory.buffer).set(arg, at);
          at += arg.length;
        }
        return ERRNO.success;
      },
    };
  }

  #directoryCalls(): Readonly<Record<string, CallableFunction>> {
    return {
      fd_prestat_get: (fd: number, at: number) => {
        if (fd !== DIRECTORY_FD) return ERRNO.badFd;
        this.#view.setUint32(at, 0, true);
        this.#view.setUint32(at + 4, DIRECTORY_NAME.length, true);
        return ERRNO.success;
      },
      fd_prestat_dir_name: (fd: number, at: number, length: number) => {
        if (fd !== DIRECTORY_FD) return ERRNO.badFd;
        new Uint8Array(this.#memory.buffer).set(DIRECTORY_NAME.subarray(0, length), at);
        return ERRNO.success;
      },
      path_open: (...call: readonly (number | bigint)[]) => {
        const [, , , , openFlags, , , , fdAt] = call;
        if ((Number(openFlags) & OPEN_CREATE) === 0) return ERRNO.noEntry;
        this.#view.setUint32(Number(fdAt), OUTPUT_FD, true);
        return ERRNO.success;
      },
    };
  }

  #fileCalls(): Readonly<Record<string, CallableFunction>> {
    return {
      fd_close: () => ERRNO.success,
      fd_fdstat_set_flags: () => ERRNO.success,
      fd_fdstat_get: (fd: number, at: number) => {
        this.#view.setUint32(at, fileType(fd), true);
        this.#view.setUint32(at + 4, 0, true);
        this.#view.setBigUint64(at + 8, ALL_RIGHTS, true);
        this.#view.setBigUint64(at + 16, ALL_RIGHTS, true);
        return ERRNO.success;
      },
      fd_read: (_fd: number, _vectors: number, _count: number, readAt: number) => {
        this.#view.setUint32(readAt, 0, true);
        return ERRNO.success;
      },
      fd_seek: (fd: number, offset: bigint, whence: number, positionAt: number) => {
        if (fd !== OUTPUT_FD) return ERRNO.illegalSeek;
        const from = [0, this.#position, this.#length][whence] ?? 0;
        this.#position = Math.min(Math.max(from + Number(offset), 0), this.#length);
        this.#view.setBigUint64(positionAt, BigInt(this.#position), true);
        return ERRNO.success;
      },
      fd_write: (fd: number, vectors: number, count: number, writtenAt: number) => this.#write(fd, vectors, count, writtenAt),
    };
  }

  /** Takes what goes to the output file; what goes to the standard streams is counted as written and dropped. */
  #write(fd: number, vectors: number, count: number, writtenAt: number): number {
    let written = 0;
    for (let i = 0; i < count; i++) {
      const from = this.#view.getUint32(vectors + 8 * i, true);
      const bytes = new Uint8Array(this.#memory.buffer, from, this.#view.getUint32(vectors + 8 * i + 4, true));
      if (fd === OUTPUT_FD && !this.#append(bytes)) return ERRNO.noSpace;
      written += bytes.length;
    }
    this.#view.setUint32(writtenAt, written, true);
    return ERRNO.success;
  }

  #append(bytes: Uint8Array): boolean {
    const end = this.#position + bytes.length;
    if (end > this.#maxOutputBytes) return false;
    if (end > this.#output.length) {
      const larger = Buffer.alloc(Math.max(end, this.#output.length * 2));
      this.#output.copy(larger, 0, 0, this.#length);
      this.#output = larger;
    }
    this.#output.set(bytes, this.#position);
    this.#position = end;
    this.#length = Math.max(this.#length, end);
    return true;
  }
}

function fileType(fd: number): number {
  if (fd === DIRECTORY_FD) return FILE_TYPE.directory;
  return fd === OUTPUT_FD ? FILE_TYPE.regularFile : FILE_TYPE.characterDevice;
}

function isMemory(value: unknown): value is WebAssembly.Memory {
  return typeof value === 'object' && value !== null && 'buffer' in value && value.buffer instanceof ArrayBuffer;
}
