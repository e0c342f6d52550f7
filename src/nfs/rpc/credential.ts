import { array, struct, text, u32, type ValueOf, XdrError, XdrReader, type XdrWriter } from '../xdr/index.ts';

/** Longest body of a credential or verifier, bytes (RFC 5531, 8.2). */
const AUTH_BODY_MOST = 400;

const AUTH_NONE = 0;
const AUTH_SYS = 1;

/** authsys_parms (RFC 5531, appendix A). */
const authSys = struct({ stamp: u32, machine: text(255), uid: u32, gid: u32, groups: array(u32, 16) });

/** Who a call says that its caller is. Another flavor than AUTH_NONE and AUTH_SYS keeps its number and body. */
export type Credential =
  | { readonly flavor: 'NONE' }
  | ({ readonly flavor: 'SYS' } & ValueOf<typeof authSys>)
  | { readonly flavor: 'OTHER'; readonly number: number; readonly body: Uint8Array };

export const noCredential: Credential = Object.freeze({ flavor: 'NONE' });

/** A credential or verifier; undefined where its body is too long or not what its flavor says. */
export function readCredential(reader: XdrReader): Credential | undefined {
  const number = reader.u32();
  const length = reader.u32();
  if (length > AUTH_BODY_MOST) return undefined;
  const body = reader.fixed(length);
  if (number === AUTH_NONE) return length === 0 ? noCredential : undefined;
  if (number !== AUTH_SYS) return { flavor: 'OTHER', number, body };
  try {
    const inner = new XdrReader(body);
    const value = authSys.read(inner);
    inner.finish();
    return { flavor: 'SYS', ...value };
  } catch (error) {
    if (error instanceof XdrError) return undefined;
    throw error;
  }
}

export function writeCredential(writer: XdrWriter, credential: Credential): void {
  switch (credential.flavor) {
    case 'NONE':
      writer.u32(AUTH_NONE);
      writer.u32(0);
      return;
    case 'SYS': {
      writer.u32(AUTH_SYS);
      const at = writer.length;
      writer.u32(0);
      authSys.write(writer, credential);
      writer.patch(at, writer.length - at - 4);
      return;
    }
    case 'OTHER':
      writer.u32(credential.number);
      writer.opaque(credential.body, AUTH_BODY_MOST);
      return;
  }
}
