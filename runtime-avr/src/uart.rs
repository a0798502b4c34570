//! The USART, asynchronous, joined to a [`mlc_machine::Console`].
//!
//! Frame times in cycles come from UBRRn, U2Xn and the frame format. The far end is taken to run at the same
//! rate: a byte never arrives garbled, and framing and parity errors do not occur. A frame begins when its
//! byte reaches the shift register, not at the next tick of the baud rate counter (on the chip up to one bit
//! later). Not there: synchronous mode, nine data bits, multi-processor mode.

use std::collections::VecDeque;

use crate::end::FaultKind;

/// UCSRnA.
pub(crate) const RXC: u8 = 0x80;
pub(crate) const TXC: u8 = 0x40;
pub(crate) const UDRE: u8 = 0x20;
const DOR: u8 = 0x08;
const U2X: u8 = 0x02;
const MPCM: u8 = 0x01;
/// UCSRnB. The interrupt enable bits have the places of the flags in UCSRnA.
const RXEN: u8 = 0x10;
const TXEN: u8 = 0x08;
const UCSZ2: u8 = 0x04;
const TXB8: u8 = 0x01;
/// UCSRnC.
const UMSEL: u8 = 0xC0;

/// Which register, as a distance from UCSRnA.
pub(crate) const A: u16 = 0;
pub(crate) const B: u16 = 1;
pub(crate) const C: u16 = 2;
pub(crate) const UBRRL: u16 = 4;
pub(crate) const UBRRH: u16 = 5;
pub(crate) const UDR: u16 = 6;

/// The receive buffer without the shift register.
const RECEIVED: usize = 2;

/// A byte on the line and when its last stop bit ends.
type Frame = (u8, u64);

#[derive(Debug, Clone)]
pub(crate) struct Uart {
    double_speed: bool,
    control: u8,
    format: u8,
    divider: u16,
    transmitted: bool,
    waiting: Option<u8>,
    sending: Option<Frame>,
    received: VecDeque<u8>,
    /// A third byte, whole in the shift register while the buffer is full.
    stuck: Option<u8>,
    overrun: bool,
    pub(crate) arriving: Option<Frame>,
    pub(crate) lost: u64,
}

impl Uart {
    pub(crate) fn new() -> Self {
        Uart {
            double_speed: false,
            control: 0,
            format: 0x06,
            divider: 0,
            transmitted: false,
            waiting: None,
            sending: None,
            received: VecDeque::new(),
            stuck: None,
            overrun: false,
            arriving: None,
            lost: 0,
        }
    }

    /// Cycles a bit takes.
    pub(crate) fn bit_cycles(&self) -> u64 {
        (if self.double_speed { 8 } else { 16 }) * (u64::from(self.divider) + 1)
    }

    /// Cycles a frame takes: start, data, parity and stop bits. The receiver is content with one stop bit.
    pub(crate) fn frame_cycles(&self) -> u64 {
        let data = 5 + u64::from(self.format >> 1 & 3);
        let parity = u64::from(self.format >> 5 & 1);
        let stop = 1 + u64::from(self.format >> 3 & 1);
        (1 + data + parity + stop) * self.bit_cycles()
    }

    fn data_mask(&self) -> u8 {
        0xFF >> (3 - (self.format >> 1 & 3))
    }

    /// UCSRnA's flags.
    pub(crate) fn status(&self) -> u8 {
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        flag(!self.received.is_empty(), RXC)
            | flag(self.transmitted, TXC)
            | flag(self.waiting.is_none(), UDRE)
            | flag(self.overrun, DOR)
    }

    /// The flags whose interrupts are enabled.
    pub(crate) fn requests(&self) -> u8 {
        self.status() & self.enabled()
    }

    /// The enabled interrupts, as flags of UCSRnA.
    pub(crate) fn enabled(&self) -> u8 {
        self.control & (RXC | TXC | UDRE)
    }

    pub(crate) fn receives(&self) -> bool {
        self.control & RXEN != 0
    }

    /// Nothing is being sent or waits to be.
    pub(crate) fn is_quiet(&self) -> bool {
        self.sending.is_none() && self.waiting.is_none()
    }

    /// Nothing is unread or on its way.
    pub(crate) fn wants_input(&self) -> bool {
        self.receives() && self.received.is_empty() && self.arriving.is_none()
    }

    /// The TX complete interrupt has been taken.
    pub(crate) fn acknowledge_transmitted(&mut self) {
        self.transmitted = false;
    }

    pub(crate) fn next_event(&self) -> u64 {
        let end = |frame: Option<Frame>| frame.map_or(u64::MAX, |(_, end)| end);
        end(self.sending).min(end(self.arriving))
    }

    /// Does what is due by `now`. Returns the bytes that have gone out, at most two.
    pub(crate) fn catch_up(&mut self, now: u64) -> [Option<u8>; 2] {
        if let Some((byte, end)) = self.arriving
            && end <= now
        {
            self.arriving = None;
            self.receive(byte);
        }
        let mut sent = [None; 2];
        for slot in &mut sent {
            let Some((byte, end)) = self.sending else { break };
            if end > now {
                break;
            }
            *slot = Some(byte);
            self.sending = self.waiting.take().map(|next| (next, end + self.frame_cycles()));
            self.transmitted |= self.sending.is_none();
        }
        sent
    }

    fn receive(&mut self, byte: u8) {
        if !self.receives() {
            self.lost += 1;
        } else if self.received.len() < RECEIVED {
            self.received.push_back(byte & self.data_mask());
        } else if self.stuck.replace(byte & self.data_mask()).is_some() {
            // A start bit came while the shift register was still full: its byte is gone.
            self.overrun = true;
            self.lost += 1;
        }
    }

    /// Reads the register at `offset` from UCSRnA.
    pub(crate) fn read(&mut self, offset: u16) -> Option<u8> {
        Some(match offset {
            A => self.status() | if self.double_speed { U2X } else { 0 },
            B => self.control,
            C => self.format,
            UBRRL => self.divider as u8,
            UBRRH => (self.divider >> 8) as u8,
            UDR => {
                let byte = self.received.pop_front().unwrap_or(0);
                self.received.extend(self.stuck.take());
                self.overrun = false;
                byte
            }
            _ => return None,
        })
    }

    /// Writes the register at `offset` from UCSRnA, which is `address`.
    pub(crate) fn write(&mut self, address: u16, offset: u16, value: u8, now: u64) -> Result<(), FaultKind> {
        let unsupported = Err(FaultKind::UnsupportedMode { address, value });
        match offset {
            A if value & MPCM != 0 => return unsupported,
            A => {
                self.double_speed = value & U2X != 0;
                self.transmitted &= value & TXC == 0;
            }
            B if value & UCSZ2 != 0 => return unsupported,
            B => {
                self.control = value & !TXB8;
                if !self.receives() {
                    // "The disabling is immediate … the receive buffer will be flushed."
                    self.received.clear();
                    (self.stuck, self.overrun) = (None, false);
                }
            }
            C if value & UMSEL != 0 => return unsupported,
            C => self.format = value,
            UBRRL => self.divider = self.divider & 0x0F00 | u16::from(value),
            UBRRH => self.divider = u16::from(value & 0x0F) << 8 | self.divider & 0xFF,
            UDR => return self.transmit(value & self.data_mask(), now),
            _ => return Err(FaultKind::UnknownRegisterWrite { address }),
        }
        Ok(())
    }

    fn transmit(&mut self, byte: u8, now: u64) -> Result<(), FaultKind> {
        if self.control & TXEN == 0 {
            return Err(FaultKind::TransmitLost { reason: "the transmitter is off (TXEN is 0)" });
        }
        if self.waiting.is_some() {
            return Err(FaultKind::TransmitLost { reason: "the previous one still waits (UDRE is 0)" });
        }
        match self.sending {
            None => self.sending = Some((byte, now + self.frame_cycles())),
            Some(_) => self.waiting = Some(byte),
        }
        Ok(())
    }
}
