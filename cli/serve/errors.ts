/** Something that the person who started the command can put right. Its message is shown alone, without a stack. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}
