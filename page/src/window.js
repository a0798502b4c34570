// Pages of memory, one of which shows in a window: its bytes stand in the processor's memory while it does.

const BYTES = 0x4000;

export class Window {
  /**
   * `pages`: bytes of each page by its number; what shows at `at` at first is that of number `shown`. A page that lies in the
   * memory as well, as a part of it, is seen in both places.
   */
  constructor(memory, at, pages, shown) {
    Object.assign(this, { memory, at, pages, shown });
    this.twin = null;
  }

  show(number) {
    const { memory, at, pages, twin } = this;
    if (number === this.shown) return;
    const page = pages[number];
    if (twin === null) pages[this.shown].set(memory.subarray(at, at + BYTES));
    memory.set(page, at);
    this.shown = number;
    this.twin = page.buffer === memory.buffer ? page.byteOffset : null;
  }

  /** A write of the processor. */
  write(address, value) {
    const { memory, at, twin } = this;
    memory[address] = value;
    if (twin === null) return;
    const offset = address & (BYTES - 1);
    if (address - offset === at) memory[twin + offset] = value;
    else if (address - offset === twin) memory[at + offset] = value;
  }
}

/** As many empty pages as there are, with the bytes that some of them have. */
export function pages(count, filled) {
  const all = Array.from({ length: count }, () => new Uint8Array(BYTES));
  for (const { number, bytes } of filled) all[number].set(bytes);
  return all;
}
