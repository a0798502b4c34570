//! System variables of BASIC that the ROM's services and programs share, relative to nothing: addresses.

/// Where IY points while BASIC lives.
pub(super) const IY: u16 = 0x5C3A;
/// The last key typed; bit 5 of [`FLAGS`] says that it is new.
pub(super) const LAST_K: u16 = 0x5C08;
pub(super) const FLAGS: u16 = 0x5C3B;
pub(super) const NEW_KEY: u8 = 0x20;
/// Frames since the machine was switched on, three bytes.
pub(super) const FRAMES: u16 = 0x5C78;
/// Address in display memory of the next character.
pub(super) const DF_CC: u16 = 0x5C84;
/// 33 less its column, 24 less its row.
pub(super) const S_POSN: u16 = 0x5C88;
/// Scrolls until the ROM asks, plus one.
pub(super) const SCR_CT: u16 = 0x5C8C;
/// Colours that printing sets.
pub(super) const ATTR_P: u16 = 0x5C8D;
/// The last address of memory.
pub(super) const P_RAMT: u16 = 0x5CB4;
/// The address below which BASIC keeps its machine stack.
pub(super) const RAMTOP: u16 = 0x5CB2;
