//! A Spectrum with a ROM image: what the ROM does is done by the ROM.

use super::keyboard::{self, Matrix};
use super::tape::{self, Deck};
use super::ula::Ula;
use super::{FRAME, INTERRUPT_WIDTH, Picture, SpectrumConfig, frame, paging, screen, snapshot};
use crate::core::Core;
use crate::end::{End, State};
use crate::file::FileError;
use crate::machine::Machine;
use crate::observe::Z80;
use crate::run::Host;
use mlc_machine::Observer;

const ROM_BYTES: usize = 0x4000;
/// The routine that loads a block: A its flag, carry set to load, IX where to, DE how many bytes.
const LD_BYTES: u16 = 0x0556;
/// The font for the codes from 32 on.
const FONT: u16 = 0x3D00;
/// Frames that a key is held, and that pass before the next: for five, the ROM takes the same key for one that bounces.
const HELD: u64 = 3;
const RELEASED: u64 = 8;

/// A whole Spectrum, but for what the module leaves out. Blocks of a tape are loaded at once.
pub type FullSpectrum = Machine<Deck>;

impl FullSpectrum {
    /// A machine that was just switched on. With 128 KB its ROM 1, that of BASIC, has `rom`, and ROM 0, where it starts, `editor`.
    ///
    /// # Errors
    /// An image that is not of 16 KB.
    pub fn new(rom: &[u8], editor: Option<&[u8]>, config: SpectrumConfig) -> Result<Self, FileError> {
        if let Some(rom) = [Some(rom), editor].into_iter().flatten().find(|rom| rom.len() != ROM_BYTES) {
            let (bytes, whose) = (rom.len(), "that of a Spectrum");
            return Err(FileError::Size { what: "ROM", bytes, whose, wants: ROM_BYTES });
        }
        let mut core = Core::new(Ula::new(), config.seed);
        core.load_rom(0x0000, rom);
        core.trap(LD_BYTES);
        if let Some(editor) = editor {
            paging::attach(&mut core, |core| core.load_rom(0x0000, editor));
            core.bus.ports.write(paging::PORT, 0);
            core.switch();
        }
        core.leave_out(config.memory_last);
        core.set_frame_clock(frame(editor.is_some()), INTERRUPT_WIDTH);
        core.configure(config.limit, config.lowest_sp, config.symbols);
        Ok(Machine::join(core, Deck::default()))
    }

    /// Puts a `.TAP` file into the recorder and presses its key.
    ///
    /// # Errors
    /// A file that is no tape.
    pub fn insert_tape(&mut self, file: &[u8]) -> Result<(), FileError> {
        self.host = Deck::new(tape::blocks(file)?);
        Ok(())
    }

    /// Goes on as a `.sna` file says.
    ///
    /// # Errors
    /// A file that is no snapshot of a machine with 48 KB.
    pub fn load_snapshot(&mut self, file: &[u8]) -> Result<(), FileError> {
        snapshot::load(file, &mut self.core)
    }

    /// Runs for about so many frames of the picture, to the middle of one, or to the next where the processor halts: keys
    /// that change while the ROM's interrupt routine scans them, at the start of a frame, could be taken for others.
    ///
    /// # Errors
    /// What ended the run.
    pub fn run_frames(&mut self, frames: u64, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        let now = self.core.t_states();
        let until = (now / FRAME + frames) * FRAME + FRAME / 2;
        match self.run_for(until.saturating_sub(now), observer) {
            State::Running => Ok(()),
            State::Ended(end) => Err(end),
        }
    }

    /// Presses the keys for a text, one after the other. Enter is a carriage return, Delete a backspace, Caps
    /// Lock 6, Edit 7; what the keyboard has not is left out.
    ///
    /// # Errors
    /// What ended the run.
    pub fn type_text(&mut self, text: &[u8], observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        for stroke in text.iter().filter_map(|&character| keyboard::strokes(character)).flatten() {
            self.press(stroke, HELD, observer)?;
        }
        Ok(())
    }

    /// Holds the key of a character down for so many frames.
    ///
    /// # Errors
    /// What ended the run.
    pub fn hold(&mut self, character: u8, frames: u64, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        for stroke in keyboard::strokes(character).into_iter().flatten() {
            self.press(stroke, frames, observer)?;
        }
        Ok(())
    }

    fn press(&mut self, stroke: Matrix, frames: u64, observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        self.core.ports::<Ula>().keys = stroke;
        let held = self.run_frames(frames, observer);
        self.core.ports::<Ula>().keys = Matrix::default();
        held?;
        self.run_frames(RELEASED, observer)
    }

    /// The 24 rows of the screen as text, read with the ROM's font, without blanks at their ends.
    pub fn screen(&self) -> Vec<String> {
        let memory = self.core.memory();
        let row = |code: u8, line| memory.byte(FONT + 8 * u16::from(code - b' ') + line);
        screen::text(memory, |code| [0, 1, 2, 3, 4, 5, 6, 7].map(|line| row(code, line)))
    }

    /// What a television shows.
    pub fn picture(&mut self) -> Picture {
        let border = self.core.ports::<Ula>().border();
        screen::picture(self.core.memory(), border)
    }
}

impl Host for Deck {
    /// Loads the next block. Without a tape the machine looks for one for ever, like the routine.
    fn trap(&mut self, core: &mut Core, _observer: &mut dyn Observer<Z80>) -> Result<(), End> {
        if !self.load(core) {
            core.charge(FRAME);
        }
        Ok(())
    }
}
