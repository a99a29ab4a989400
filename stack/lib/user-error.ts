/**
 * A fault in what the user asked for, with the next step. `bin/` prints it without a stack trace, because the
 * place in this code does not help the user.
 */
export class UserError extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** Runs `work`. A `UserError` becomes two lines on stderr and exit code 1; every other error stays uncaught. */
export function reportingUserErrors(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`error: ${error.message}\nhint: ${error.hint}`);
    process.exitCode = 1;
  }
}
