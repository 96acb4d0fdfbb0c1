// Input methods: while one composes, the keys are its own.

/** Keeps such keys from every handler of the page; called before there is any. */
export function leaveKeysToInputMethods(): void {
  const hold = (event: KeyboardEvent): void => {
    if (isComposing(event)) event.stopImmediatePropagation();
  };
  window.addEventListener("keydown", hold, { capture: true });
}

/** Safari ends the composition first; the key that ended it comes after that, with the code of all such keys. */
function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}
