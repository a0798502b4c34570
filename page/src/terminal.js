// A terminal: rows of text that grow at the end.

const ROWS = 400;

export class Terminal {
  constructor(element) {
    this.element = element;
    this.clear();
  }

  clear() {
    this.rows = [''];
    this.column = 0;
    this.changed = true;
  }

  put(byte) {
    this.changed = true;
    const last = this.rows.length - 1;
    if (byte === 13) {
      this.column = 0;
    } else if (byte === 10) {
      this.rows.push('');
      this.column = 0;
      if (this.rows.length > ROWS) this.rows.shift();
    } else if (byte === 8) {
      this.column = Math.max(0, this.column - 1);
    } else {
      const row = this.rows[last].padEnd(this.column, ' ');
      this.rows[last] = row.slice(0, this.column) + String.fromCharCode(byte) + row.slice(this.column + 1);
      this.column += 1;
    }
  }

  draw() {
    if (!this.changed) return;
    this.changed = false;
    this.element.textContent = this.rows.join('\n');
    this.element.scrollTop = this.element.scrollHeight;
  }
}
