// SPDX-License-Identifier: MIT
// A self-signed certificate for localhost, made by the openssl command in a folder that goes with the process.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @returns {{cert: string, key: string, serial: () => string, renew: () => void}} paths of PEM files */
export function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'godwit-cert-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const cert = join(folder, 'cert.pem'), key = join(folder, 'key.pem');
  const renew = () => execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-days', '2', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], { stdio: 'ignore' });
  renew();
  const serial = () => execFileSync('openssl', ['x509', '-in', cert, '-noout', '-serial'], { encoding: 'utf8' }).trim().split('=')[1];
  return { cert, key, renew, serial, pem: () => readFileSync(cert) };
}
