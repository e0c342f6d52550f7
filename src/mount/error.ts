export type MountErrorCode =
  | 'no-device'
  | 'no-permission'
  | 'missing-directory'
  | 'not-a-directory'
  | 'not-empty'
  | 'already-mounted'
  | 'bad-option'
  | 'unknown-filesystem'
  | 'no-tool'
  | 'trace-file'
  | 'mount-failed'
  | 'filesystem-failed';

/** Why a mount could not be made; the message says what to do. */
export class MountError extends Error {
  readonly code: MountErrorCode;

  constructor(code: MountErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MountError';
    this.code = code;
  }
}
