//! The files inside the binary: templates, runtime sources, and descriptions of targets, devices and boards.

use crate::target::{Board, Device, Profile, Target, TargetError, device};
use std::collections::{BTreeMap, BTreeSet};

/// Templates and target descriptions by file name.
#[derive(Debug, Clone)]
pub struct Assets {
    templates: BTreeMap<String, String>,
    /// Names of templates that programs have around or in their console.
    parts: Vec<&'static str>,
    /// Names of templates that mlc did not bring.
    own: BTreeSet<String>,
    targets: BTreeMap<String, String>,
    devices: BTreeMap<String, String>,
    profiles: BTreeMap<String, String>,
}

/// `(name, text)` of files below `assets/`, which has links to the folders of the workspace: a package holds what they lead to.
macro_rules! files {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/", $folder, "/", $name)))),+]
    };
}

impl Assets {
    /// The files that mlc brings.
    pub fn builtin() -> Self {
        let templates = files!("templates/z80":
            "program.asm", "network.asm", "argmax.asm", "bits.asm", "carry.asm", "gaps.asm", "hashed.asm", "known.asm",
            "lists.asm", "long.asm", "packed.asm", "planes.asm", "query.asm", "reply.asm", "scan.asm", "shared.asm",
            "starts.asm", "table.asm", "unrolled.asm", "entries.asm",
            "sequence.asm", "activation.asm", "append.asm", "attend.asm", "beam.asm", "choose.asm", "prior.asm", "draw.asm", "embed.asm", "fill.asm",
            "bank.asm", "file.asm", "merge.asm", "multiply.asm", "norm.asm", "replies.asm", "rescale.asm", "rewrite.asm", "rotate.asm", "rounds.asm",
            "rows.asm", "tokens.asm", "tools.asm", "turns.asm",
            // Of networks on numbers.
            "sensors.asm", "answer.asm", "gather.asm", "numbers.asm", "pool.asm", "scale.asm", "subsets.asm", "trees.asm",
            "window.asm",
        );
        let avr = files!("templates/avr":
            "program.S", "network.S", "argmax.S", "column.S", "gaps.S", "hashed.S", "lists.S", "loads.S", "packed.S",
            "planes.S", "query.S", "reply.S", "scan.S", "shared.S", "table.S", "entries.S",
            // Of sequence models.
            "sequence.S", "activation.S", "arithmetic.S", "attend.S", "beam.S", "choose.S", "prior.S", "digits.S", "embed.S", "encode.S", "flash.S", "line.S",
            "merge.S", "multiply.S", "norm.S", "replies.S", "rescale.S", "rotate.S", "rounds.S", "tools.S",
            "xmodem.S",
            "turns.S",
            // Of networks on numbers.
            "sensors.S", "answer.S", "nomul.S", "numbers.S", "pool.S", "rows.S", "scale.S", "trees.S", "window.S",
        );
        let c99 = files!("templates/c99":
            "network.h", "network.c", "Talk.ino", "library.properties", "library.json", "keywords.txt",
            "sequence.h", "sequence.c", "arithmetic.c", "beam.c", "choose.c", "layers.c", "text.c", "tokens.c", "tools.c",
            "sensors.h", "sensors.c", "readings.c", "Sense.ino",
        )
        .map(|(name, text)| (format!("c99/{name}"), text.to_string()));
        let chat = files!("runtime-z80": "chat.asm");
        let runtime = files!("runtime-z80": "call.asm", "cpc464.asm", "cpc6128.asm", "cpm.asm", "msx.asm", "zx128.asm", "zx48.asm");
        let uart = files!("runtime-avr": "call.S", "uart.S");
        let targets = files!("runtime-z80/targets": "cpc464.ron", "cpc6128.ron", "msx.ron", "msxdos.ron", "z80-cpm.ron", "zx128.ron", "zx48.ron");
        let devices = files!("runtime-avr/devices":
            "mega.ron", "tiny.ron", "atmega328p.ron", "atmega1284p.ron", "atmega2560.ron", "atmega32u4.ron", "attiny85.ron",
        );
        let profiles = files!("runtime-avr/profiles":
            "uno.ron", "nano.ron", "lilypad.ron", "mega.ron", "micro.ron", "mighty.ron", "tiny.ron", "uno+flash.ron",
            "lilypad+flash.ron", "mighty+flash.ron",
        );
        let parts = templates.iter().chain(&avr).chain(&chat).map(|(name, _)| *name).collect();
        let assembly = templates.into_iter().chain(avr).chain(chat).chain(runtime).chain(uart);
        let owned = |(name, text): (&str, &str)| (name.to_string(), text.to_string());
        Self {
            parts,
            own: BTreeSet::new(),
            templates: assembly.map(owned).chain(c99).collect(),
            targets: targets.into_iter().map(owned).collect(),
            devices: devices.into_iter().map(owned).collect(),
            profiles: profiles.into_iter().map(owned).collect(),
        }
    }

    /// Puts a template in the place of the built-in one of the same name, or adds it.
    pub fn set_template(&mut self, name: &str, text: &str) {
        self.templates.insert(name.to_string(), text.to_string());
        self.own.insert(name.to_string());
    }

    /// Whether somebody put a template of that name here: mlc did not bring it.
    pub fn is_own(&self, name: &str) -> bool {
        self.own.contains(name)
    }

    /// All templates by name.
    pub fn templates(&self) -> impl Iterator<Item = (&str, &str)> {
        self.templates.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Whether a template of that name is a part of every program of its processor.
    pub fn is_part(&self, name: &str) -> bool {
        self.parts.contains(&name)
    }

    /// All targets that mlc brings: those with a description of their own by name, then AVR chips by name, each on the
    /// board that is meant where none is named.
    ///
    /// # Errors
    /// A damaged description: a bug in mlc.
    pub fn targets(&self) -> Result<Vec<Target>, TargetError> {
        let mut targets: Vec<Target> =
            self.targets.iter().map(|(file, text)| self.read_target(text, file)).collect::<Result<_, _>>()?;
        targets.extend(self.boards()?.into_iter().filter_map(Board::target));
        Ok(targets)
    }

    /// Chips without a serial line, by name, each on the board that is meant where none is named: for what a program in C calls.
    ///
    /// # Errors
    /// A damaged description: a bug in mlc.
    pub fn libraries(&self) -> Result<Vec<Target>, TargetError> {
        Ok(self.boards()?.into_iter().filter_map(Board::library).collect())
    }

    /// Each chip on its usual board.
    fn boards(&self) -> Result<Vec<Board>, TargetError> {
        let profiles = self.profiles()?;
        let board = |device: Device| {
            let profile =
                profiles.iter().find(|p| p.name == device.profile && p.device == device.name)?.clone();
            Some(Board { device, profile })
        };
        Ok(self.devices()?.into_iter().filter_map(board).collect())
    }

    /// Reads a target description whose console is one of the templates here. `file` names it in errors.
    ///
    /// # Errors
    /// See [`Target::read`]; a console that is no template, or one that every program has.
    pub fn read_target(&self, text: &str, file: &str) -> Result<Target, TargetError> {
        let target = Target::read(text, file)?;
        let console = target.console.as_str();
        let wrong = |problem: String| TargetError::Value { file: file.into(), field: "console", problem };
        if !self.templates.contains_key(console) {
            let problem = format!(
                "there is no template {console}; one of your own comes with `mlc compile --templates DIR`"
            );
            return Err(wrong(problem));
        }
        if self.is_part(console) {
            return Err(wrong(format!("{console} is a part of every program, no console")));
        }
        Ok(target)
    }

    /// All AVR devices that mlc knows, by name.
    ///
    /// # Errors
    /// A damaged description: a bug in mlc.
    pub fn devices(&self) -> Result<Vec<Device>, TargetError> {
        device::read_devices(self.devices.iter().map(|(file, text)| (stem(file), text.as_str())))
    }

    /// All boards that mlc knows, by name.
    ///
    /// # Errors
    /// A damaged description: a bug in mlc.
    pub fn profiles(&self) -> Result<Vec<Profile>, TargetError> {
        let devices = self.devices()?;
        let read = |(file, text): (&String, &String)| Profile::read(text, stem(file), file, &devices);
        self.profiles.iter().map(read).collect()
    }

    /// Boards with the processor of a target and a flash chip beside it, those named after the target's own board first; none where
    /// the target has such a chip.
    ///
    /// # Errors
    /// A profile that is damaged.
    pub fn profiles_with_chip(&self, target: &Target) -> Result<Vec<Profile>, TargetError> {
        let mut profiles = self.profiles()?;
        let is_one = |profile: &Profile| profile.device == target.name && profile.spi_flash.is_some();
        profiles.retain(|profile| target.spi_flash.is_none() && is_one(profile));
        let own = target.board.as_ref().map_or("", |board| board.profile.name.as_str());
        profiles.sort_by_key(|profile| !profile.name.starts_with(own));
        Ok(profiles)
    }
}

/// A description's name: that of its file.
fn stem(file: &str) -> &str {
    file.strip_suffix(".ron").unwrap_or(file)
}
