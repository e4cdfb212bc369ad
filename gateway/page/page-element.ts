/** The element of the page with this id. Throws where the page has none of that kind: page and code do not belong together. */
export function pageElement<T extends Element>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} with id "${id}"`);
  return element;
}

/** A new element with a class and, where given, text. */
export function newElement<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, text = ''): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}
