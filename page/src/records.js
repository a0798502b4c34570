// The one file of a CP/M program that reads its weights from a disk, and the functions of the BDOS for it: 15, 20, 26 and 33.
// Times are those of runtime-z80/src/cpm/times.rs, without the waiting for a drive.

const RECORD = 128;
const EXTENT = 128; // records
const MODULE = 32; // extents
const END_OF_TEXT = 0x1a;
const [EX, S2, RC, CR, RANDOM] = [12, 14, 15, 32, 33];

const COPY = 127 * 21 + 16;
const NEXT = 2600;
const AT_RANDOM = 2920;
const OTHER_EXTENT = 15_560;
const SET_DMA = 425;

const NO_DATA = 1;
const NO_EXTENT = 4;
const PAST_THE_DISK = 6;
const NOT_FOUND = 0xff;

export class Records {
  /** `file`: name (`NAME.DAT`) and bytes; `null` without one. */
  constructor(machine, file) {
    this.machine = machine;
    const [stem, kind] = (file?.name ?? '.').split('.');
    this.name = stem.padEnd(8) + kind.padEnd(3);
    this.bytes = file?.bytes ?? null;
    this.dma = 0x80;
  }

  /** Does function `number` with the FCB or the address `de`; gives what comes back in A, or `null`: not one of these. */
  call(number, de) {
    const { hal } = this.machine;
    switch (number) {
      case 15:
        return this.open(de);
      case 20: {
        hal.tStateCount += NEXT + COPY;
        const record = this.sequential(de);
        const result = this.read(de, record);
        if (result === 0) this.seek(de, record + 1);
        return result;
      }
      case 26:
        hal.tStateCount += SET_DMA;
        this.dma = de;
        return 0;
      case 33: {
        const { memory } = this.machine;
        const record = memory[de + RANDOM] | (memory[de + RANDOM + 1] << 8) | (memory[de + RANDOM + 2] << 16);
        const same = Math.floor(record / EXTENT) === Math.floor(this.sequential(de) / EXTENT);
        hal.tStateCount += COPY + (same ? AT_RANDOM : OTHER_EXTENT);
        if (record >= 0x10000) return PAST_THE_DISK;
        this.seek(de, record);
        const extents = this.isIts(de) ? Math.max(1, Math.ceil(this.bytes.length / (EXTENT * RECORD))) : 0;
        return Math.floor(record / EXTENT) >= extents ? NO_EXTENT : this.read(de, record);
      }
      default:
        return null;
    }
  }

  /** Whether the FCB names the file. */
  isIts(fcb) {
    const name = String.fromCharCode(...this.machine.memory.slice(fcb + 1, fcb + 12).map((byte) => byte & 0x7f));
    return this.bytes !== null && name === this.name;
  }

  open(fcb) {
    if (!this.isIts(fcb)) return NOT_FOUND;
    const { memory } = this.machine;
    memory[fcb + S2] = 0;
    memory[fcb + RC] = this.count(memory[fcb + EX] * EXTENT);
    return 0;
  }

  /** Records of the file from `first` on, those of an extent at most. */
  count(first) {
    return Math.min(Math.max(0, Math.ceil((this.bytes?.length ?? 0) / RECORD) - first), EXTENT);
  }

  sequential(fcb) {
    const { memory } = this.machine;
    return ((memory[fcb + S2] & 0x3f) * MODULE + (memory[fcb + EX] & 0x1f)) * EXTENT + memory[fcb + CR];
  }

  seek(fcb, record) {
    const { memory } = this.machine;
    const extent = Math.floor(record / EXTENT);
    memory[fcb + EX] = extent % MODULE;
    memory[fcb + S2] = Math.floor(extent / MODULE);
    memory[fcb + RC] = this.count(extent * EXTENT);
    memory[fcb + CR] = record % EXTENT;
  }

  read(fcb, record) {
    const start = record * RECORD;
    if (!this.isIts(fcb) || start >= this.bytes.length) return NO_DATA;
    const { memory } = this.machine;
    memory.fill(END_OF_TEXT, this.dma, this.dma + RECORD);
    memory.set(this.bytes.subarray(start, start + RECORD), this.dma);
    return 0;
  }
}
