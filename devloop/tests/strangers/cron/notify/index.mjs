// Tells somebody. Beside the Rust function, in one stack.
export const handler = async (event, context) => {
  console.log('notify first');
  return { says: 'notify first', function: context.functionName };
};
