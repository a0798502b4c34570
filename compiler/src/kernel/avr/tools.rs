//! What the board's part of a program is told of the tools of a sequence model: what it switches and measures.

use super::board::{BoardContext, Output, Pin, byte, outputs, pin_register, word};
use crate::model::Story;
use crate::target::device::Adc;
use crate::target::pins::Drive;
use crate::target::profile::{Board, Profile};
use crate::target::tools::{self, Input};
use serde::Serialize;

/// The converter's clock at most, in Hz: "a frequency between 50 kHz and 200 kHz to get maximum resolution".
const FASTEST: u32 = 200_000;

/// What measures.
#[derive(Debug, Clone, Serialize)]
pub struct Measuring {
    data_low: String,
    data_high: String,
    control: String,
    extended: String,
    select: String,
    /// What switches it on and starts it.
    start: String,
    inputs: Vec<Measured>,
}

/// An analogue input.
#[derive(Debug, Clone, Serialize)]
struct Measured {
    number: usize,
    name: String,
    pin: String,
    select: String,
    extended: String,
    offset: i32,
    mul: i16,
    shift: u8,
}

/// The first tool that a board has no pin for, with what it is and the names that there are.
pub fn missing(profile: &Profile, story: &Story) -> Option<(String, &'static str, Vec<String>)> {
    let input = story.inputs().into_iter().find(|name| tools::find(&profile.inputs, name).is_none());
    let switch = story.switches().into_iter().find(|name| tools::find(&profile.switches, name).is_none());
    let names = |names: Vec<&String>| names.into_iter().cloned().collect();
    let inputs = || names(profile.inputs.iter().map(|(name, _)| name).collect());
    let switches = || names(profile.switches.iter().map(|(name, _)| name).collect());
    input
        .map(|name| (name.to_string(), "inputs", inputs()))
        .or_else(|| switch.map(|name| (name.to_string(), "switches", switches())))
}

impl BoardContext {
    /// The same for a model with tools; the board has a pin for each: see [`missing`].
    #[must_use]
    pub fn with_tools(mut self, Board { device, profile }: &Board, story: &Story) -> Self {
        let switched = story.switches().into_iter().enumerate();
        let drives: Vec<(usize, &str, Drive)> = switched
            .filter_map(|(number, name)| Some((number, name, *tools::find(&profile.switches, name)?)))
            .collect();
        for &(number, name, drive) in &drives {
            for (on, high) in [(0, !drive.high), (1, drive.high)] {
                let what = format!("{name} {}", ["off", "on"][on]);
                self.switches.push(Pin::new(device, 2 * number + on, &what, &Drive { high, ..drive }));
            }
        }
        self.outputs.extend(outputs(device, drives.iter().map(|(.., drive)| drive)));
        // What is on when its pin is low is off at first.
        let resting = drives.iter().filter(|(.., drive)| !drive.high).map(|(.., drive)| drive);
        self.resting_high.extend(resting.map(|drive| Output {
            register: word(pin_register(device, drive) + 2),
            bits: byte(1 << drive.bit),
        }));
        let measured = story.inputs().into_iter().enumerate();
        let inputs: Vec<(usize, &str, &Input)> = measured
            .filter_map(|(number, name)| Some((number, name, tools::find(&profile.inputs, name)?)))
            .collect();
        if let Some(adc) = device.adc.as_ref().filter(|_| !inputs.is_empty()) {
            self.power(&adc.power);
            self.measuring = Some(measuring(adc, profile.clock_hz, &inputs));
        }
        self
    }
}

fn measuring(adc: &Adc, clock: u32, inputs: &[(usize, &str, &Input)]) -> Measuring {
    let prescaler = (1..7).find(|bits| clock >> bits <= FASTEST).unwrap_or(7);
    let one = |&(number, name, input): &(usize, &str, &Input)| Measured {
        number,
        name: name.to_string(),
        pin: input.pin.clone(),
        // Against AVCC.
        select: byte(0x40 | u16::from(input.channel & 7)),
        extended: byte(u16::from(input.channel & 8)),
        offset: input.offset,
        mul: input.mul,
        shift: input.shift,
    };
    Measuring {
        data_low: byte(adc.data),
        data_high: byte(adc.data + 1),
        control: byte(adc.control),
        extended: byte(adc.extended),
        select: byte(adc.select),
        start: byte(0xC0 | prescaler),
        inputs: inputs.iter().map(one).collect(),
    }
}
