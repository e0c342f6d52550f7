// `node socket-daemon.js [FLAW...] /dev/fd/3`: estale's ram filesystem as a daemon that speaks FUSE on its descriptor 3. Flaws:
// dies=OPCODE and crashes=OPCODE end it at such a request, silent=OPCODE leaves one unanswered; splits cuts replies in two,
// notifies sends a notification before each; locks keeps locks in the daemon; keeps lets the kernel keep names and attributes for
// ever; once ends at a request with a number that it has seen before.
import { read, writeSync } from 'node:fs';
import { nodeEnvironment } from '../../dist/env/index.js';
import { ram } from '../../dist/filesystems/index.js';
import { encodeNotification, Message, opcodeName, Session } from '../../dist/fuse/index.js';

const flaws = process.argv.slice(2, -1);
const fd = Number(/^\/dev\/fd\/(\d+)$/.exec(process.argv.at(-1))?.[1]);

const notification = new Message(256);
const notified = encodeNotification(notification, {
  op: 'INVAL_INODE',
  body: { ino: 1, off: -1, len: 0 },
});

function send(message, length) {
  if (flaws.includes('notifies') && session.negotiated) writeSync(fd, notification.bytes, 0, notified);
  const cut = flaws.includes('splits') && length > 100 ? 100 : length;
  writeSync(fd, message.bytes, 0, cut);
  if (cut < length) writeSync(fd, message.bytes, cut, length - cut);
  return 0;
}

const session = new Session(ram(nodeEnvironment(), { locks: flaws.includes('locks') }), {
  send,
  report: console.error,
  ...(flaws.includes('keeps') ? { entryTimeout: 1e6, attributeTimeout: 1e6, negativeTimeout: 1e6 } : {}),
});
const seen = new Set();
const request = new Message((1 << 20) + 4096);

function next() {
  read(fd, request.bytes, 0, request.bytes.length, null, (error, length) => {
    if (error || length === 0) process.exit(0);
    const opcode = opcodeName(request.words[1]);
    if (flaws.includes(`dies=${opcode}`)) {
      console.error(`I do not like ${opcode}`);
      process.exit(7);
    }
    if (flaws.includes('once') && seen.has(request.words[2])) {
      console.error(`I have done ${opcode} already`);
      process.exit(7);
    }
    seen.add(request.words[2]);
    if (flaws.includes(`crashes=${opcode}`)) process.kill(process.pid, 'SIGSEGV');
    else {
      if (!flaws.includes(`silent=${opcode}`)) session.receive(request, length);
      next();
    }
  });
}
next();
