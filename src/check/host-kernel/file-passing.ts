// sendmsg(2) and cmsg(3) with SCM_RIGHTS: structures of 64-bit Linux.
import { O_CLOEXEC } from '../../vfs/index.ts';
import { addressOf, check, libc } from './libc.ts';
import { iovec } from './structs.ts';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_PEEK = 2;
const MSG_CMSG_CLOEXEC = 0x40000000;
const HEADER = 16;
const DESCRIPTOR = 4;

/** A message of one byte with room for one descriptor; all that it points to must stay reachable while it is used. */
function message(control: Buffer, vector: Buffer): Buffer {
  const header = Buffer.alloc(56);
  header.writeBigUInt64LE(addressOf(vector), 16);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(addressOf(control), 32);
  header.writeBigUInt64LE(BigInt(control.length), 40);
  return header;
}

/**
 * Puts the open file behind a descriptor into a socket, which keeps it open: other than a duplicate, whose closing would
 * drop the process's POSIX locks on the file (fcntl(2)) and make FUSE send a FLUSH. Gives the socket.
 */
export function keepFile(fd: number): number {
  const c = libc();
  const ends = Buffer.alloc(8);
  check(c.socketpair(AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0, ends), 'socketpair');
  const [socket, sender] = [ends.readInt32LE(0), ends.readInt32LE(4)];
  const control = Buffer.alloc(HEADER + 2 * DESCRIPTOR);
  control.writeBigUInt64LE(BigInt(HEADER + DESCRIPTOR), 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  control.writeInt32LE(fd, HEADER);
  const byte = Buffer.alloc(1);
  const vector = iovec([byte]);
  const sent = c.sendmsg(sender, message(control, vector), 0);
  c.close(sender);
  check(sent, 'sendmsg');
  return socket;
}

/** A descriptor of the file that a socket keeps; it stays in there. */
export function keptFile(socket: number): number {
  const control = Buffer.alloc(HEADER + 2 * DESCRIPTOR);
  const byte = Buffer.alloc(1);
  const vector = iovec([byte]);
  check(libc().recvmsg(socket, message(control, vector), MSG_PEEK | MSG_CMSG_CLOEXEC), 'recvmsg');
  return control.readInt32LE(HEADER);
}
