import koffi from 'koffi';

/** Those system calls that callers are made of. Numbers below zero are failures: `errno` of the same thread says which. */
export interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly connect: (fd: number, address: Buffer, length: number) => number;
  readonly send: (fd: number, bytes: Buffer, length: number, flags: number) => number;
  readonly recv: (fd: number, into: Buffer, length: number, flags: number) => number;
  readonly shutdown: (fd: number, how: number) => number;
  readonly close: (fd: number) => number;
  readonly setsockopt: (fd: number, level: number, option: number, value: Buffer, length: number) => number;
  readonly getsockopt: (fd: number, level: number, option: number, value: Buffer, length: Buffer) => number;
  readonly epoll_create1: (flags: number) => number;
  readonly epoll_ctl: (epoll: number, operation: number, fd: number, event: Buffer) => number;
  readonly epoll_wait: (epoll: number, events: Buffer, most: number, timeoutMs: number) => number;
  readonly errno: () => number;
}

/** Numbers of Linux on x86-64 and arm64 (asm-generic); the layout of epoll's events differs between the two, see `EPOLL_EVENT`. */
export const LINUX = {
  AF_INET: 2, SOCK_STREAM: 1, SOCK_NONBLOCK: 0o4000, SOCK_CLOEXEC: 0o2000000, SOL_SOCKET: 1, SO_ERROR: 4, IPPROTO_TCP: 6, TCP_NODELAY: 1, SHUT_WR: 1,
  MSG_DONTWAIT: 0x40, MSG_NOSIGNAL: 0x4000, EPOLL_CTL_ADD: 1, EPOLL_CTL_DEL: 2, EPOLL_CTL_MOD: 3, EPOLLIN: 1, EPOLLOUT: 4, EPOLLERR: 8, EPOLLHUP: 0x10,
  EINTR: 4, EAGAIN: 11, EINPROGRESS: 115,
} as const;

/** `struct epoll_event` is packed on x86-64 only (epoll_ctl(2)): its data follows at once, else at the next eighth byte. */
export const EPOLL_EVENT = process.arch === 'x64' ? { bytes: 12, dataAt: 4 } : { bytes: 16, dataAt: 8 };

/** The C library of this process; undefined where it is none of Linux. */
export function loadLibc(): Libc | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined;
  // The process has it loaded: its own symbols are searched.
  const c = koffi.load(null);
  return {
    socket: c.func('int socket(int domain, int type, int protocol)'),
    connect: c.func('int connect(int fd, const void *address, uint32_t length)'),
    send: c.func('intptr_t send(int fd, const void *bytes, size_t length, int flags)'),
    recv: c.func('intptr_t recv(int fd, void *into, size_t length, int flags)'),
    shutdown: c.func('int shutdown(int fd, int how)'),
    close: c.func('int close(int fd)'),
    setsockopt: c.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t length)'),
    getsockopt: c.func('int getsockopt(int fd, int level, int option, void *value, void *length)'),
    epoll_create1: c.func('int epoll_create1(int flags)'),
    epoll_ctl: c.func('int epoll_ctl(int epoll, int operation, int fd, void *event)'),
    epoll_wait: c.func('int epoll_wait(int epoll, void *events, int most, int timeout)'),
    errno: () => koffi.errno(),
  };
}
