// Counts the words of a text: pilot function deploy words examples/functions/words.mjs --concurrency 20
export default async ({ text = '' }, context) => {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const counts = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  console.log(`${words.length} words in call ${context.callId}`);
  return { words: words.length, counts };
};
