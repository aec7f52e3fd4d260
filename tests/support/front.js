// SPDX-License-Identifier: MIT
// What a site may put before the server: files of its own, and all else, WebSockets too, passed on.

import http from 'node:http';
import net from 'node:net';

/** `files`: what to answer by path, as {type, body, headers}. Gives { url, close }. */
export async function frontOf(server, files) {
  const front = http.createServer((request, answer) => {
    const file = files[new URL(request.url, 'http://front').pathname];
    if (file) {
      answer.writeHead(200, { 'Content-Type': file.type, ...file.headers }).end(file.body);
      return;
    }
    const passed = http.request({ host: server.host, port: server.port, method: request.method, path: request.url, headers: request.headers }, (found) => {
      answer.writeHead(found.statusCode, found.headers);
      found.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    request.pipe(passed);
  });
  front.on('upgrade', (request, near, head) => {
    const far = net.connect(server.port, server.host);
    const lines = request.rawHeaders.map((text, i) => (i % 2 ? `${text}\r\n` : `${text}: `)).join('');
    far.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines}\r\n`);
    far.write(head);
    near.pipe(far).pipe(near);
    for (const [end, other] of [[near, far], [far, near]]) end.on('error', () => {}).on('close', () => other.destroy());
  });
  await new Promise((resolve) => front.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${front.address().port}`,
    close: () => new Promise((resolve) => {
      front.close(resolve);
      front.closeAllConnections();
    }),
  };
}
