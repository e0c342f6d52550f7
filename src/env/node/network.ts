import type { Socket } from 'node:net';
import type { Connection, Network } from '../environment.ts';

/** TCP over node:net, which is loaded on first use. */
export function nodeNetwork(): Network {
  return {
    async connect(host, port, { localPort } = {}) {
      const net = await import('node:net');
      const socket = net.connect({ host, port, localPort, noDelay: true });
      await settled(socket, 'connect');
      return connectionOf(socket);
    },

    async listen(host, port, onConnection) {
      const net = await import('node:net');
      const server = net.createServer({ noDelay: true }, (socket) => onConnection(connectionOf(socket)));
      server.listen(port, host);
      await settled(server, 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error(`listen on ${host}:${port}: no port`);
      return {
        port: address.port,
        close: () => {
          server.close();
        },
      };
    },
  };
}

interface Emitter {
  once(event: string, listener: (error: Error) => void): unknown;
  off(event: string, listener: (error: Error) => void): unknown;
}

/** Waits for `event`; an 'error' before it rejects. */
function settled(emitter: Emitter, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const succeed = (): void => {
      emitter.off('error', reject);
      resolve();
    };
    emitter.once('error', reject);
    emitter.once(event, succeed);
  });
}

function connectionOf(socket: Socket): Connection {
  let failure: Error | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  // Kept from the start: a socket that is closed no longer knows them.
  const { remoteAddress = '', remotePort = 0, localPort = 0 } = socket;
  return {
    remoteAddress,
    remotePort,
    localPort,
    write: (data) => {
      socket.write(data);
    },
    end: () => {
      socket.end();
    },
    destroy: () => {
      socket.destroy();
    },
    onData: (callback) => {
      socket.on('data', callback);
    },
    onClose(callback) {
      if (socket.closed) callback(failure);
      else socket.once('close', () => callback(failure));
    },
  };
}
