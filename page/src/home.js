// What home computers have in common: lines are typed key by key, and what is printed meanwhile is their echo.

import { Z80Machine } from './z80.js';

const CR = 13;

export class HomeComputer extends Z80Machine {
  switchOn() {
    super.switchOn();
    this.typing = false;
  }

  /** The next key, or `undefined` while none has come. */
  key() {
    this.typing = true;
    for (;;) {
      const key = this.input.shift();
      if (key === undefined || key === CR || key === 8 || (key >= 0x20 && key <= 0x7e)) return key;
    }
  }

  lineEnd() {
    this.typing = false;
    this.console.asked();
  }

  show(byte) {
    if (this.typing) this.console.echo(byte);
    else this.console.output(byte);
  }
}
