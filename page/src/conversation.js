// What a program is asked and answers, and how long it took: figures as `mlc run --json` and `mlc bench` have them.

const CR = 13;
const LF = 10;

/** Bytes as text, each the character of its number. */
export const latin1 = (bytes) => String.fromCharCode(...bytes);

export class Conversation {
  /** `program.hits`: how often execution comes to `ready` in a step. `show(byte)` puts a byte on the terminal. */
  constructor(program, show) {
    this.program = program;
    this.show = show;
    this.machine = null;
    this.begin(false);
  }

  begin(open) {
    this.open = open;
    this.hits = 0;
    this.ready = [];
    this.first = null;
    this.written = [];
    this.askedAt = this.machine ? this.machine.cycles : 0;
  }

  /** The machine was switched on, or the program was started. */
  started() {
    this.begin(false);
    this.askedAt = 0;
  }

  /** The question is complete. */
  asked() {
    this.begin(true);
  }

  /** A line was no question. */
  blank() {
    this.dropped?.();
  }

  /** Logits are ready. */
  step() {
    this.hits += 1;
    if (this.hits % this.program.hits === 0) this.ready.push(this.machine.cycles);
  }

  output(byte) {
    if (this.first === null && byte !== CR && byte !== LF) this.first = this.machine.cycles - this.askedAt;
    this.written.push(byte);
    this.show(byte);
  }

  echo(byte) {
    this.show(byte);
  }

  /** The program is back in its system. */
  ended() {
    this.finished?.(this.answer(''));
    this.open = false;
  }

  /** The program asks again: its answer, if it was asked. */
  waits() {
    if (!this.open) return;
    this.finished?.(this.answer('> '));
    this.open = false;
  }

  /** Cycles of the last step, once there are two. */
  get lastStep() {
    const { ready } = this;
    return ready.length > 1 ? ready.at(-1) - ready.at(-2) : null;
  }

  answer(prompt) {
    const { ready, first, askedAt } = this;
    const cycles = this.machine.cycles - askedAt;
    const between = ready.slice(1).map((t, at) => t - ready[at]);
    // The only step of an answer is the whole of it.
    const steps = ready.length === 1 ? [cycles] : between;
    return { reply: this.reply(prompt), steps: ready.length, between: steps, cycles, first };
  }

  /** Without what stands around it: the end of the typed line, the end of its own, the next prompt. */
  reply(prompt) {
    let text = latin1(this.written);
    const { echo } = this.program;
    if (prompt !== '' && text.startsWith(echo)) text = text.slice(echo.length);
    const behind = `\r\n${prompt}`;
    if (text.endsWith(behind)) return text.slice(0, -behind.length);
    return text === prompt ? '' : text;
  }
}
