/** Stages of secure aggregation between the training and the merge of a round; see messages.ts. */
export const SHARES = 'shares';
export const MASKED = 'masked';
export const UNMASK = 'unmask';
