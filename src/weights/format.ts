/** What every weights file says of itself, in docs/weights-format.md; needs no package, as pages read files too. */
export const format = 'metadescent/1';
export const gateOrder = 'input,forget,cell,output';
/** The keys of metadata that are plain strings: all others are JSON. */
export const plainKeys: readonly string[] = ['format', 'gateOrder'];
