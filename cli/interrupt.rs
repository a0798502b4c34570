//! Hears Ctrl-C and the signals by which a system ends a process. They end mlc at once, unless a verb listens: it then
//! saves its work and stops.

use crate::files;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Ctrl-C's number, on every system.
const INTERRUPT: u8 = 2;
/// Exit codes of processes that a signal ended begin here, as shells show them.
const SIGNALS: u8 = 128;

/// Whether a verb listens to [`STOP`].
static LISTENING: AtomicBool = AtomicBool::new(false);
static STOP: AtomicBool = AtomicBool::new(false);
/// The signal that came last.
static SIGNAL: AtomicU8 = AtomicU8::new(INTERRUPT);

/// What shells expect of a process that the signal ended: 130 for Ctrl-C.
pub fn exit_code() -> u8 {
    SIGNALS + SIGNAL.load(Ordering::SeqCst)
}

/// Sets the handlers. Where the system refuses them the signals do what they do everywhere: they end the process, too.
pub fn install() {
    #[cfg(unix)]
    unix::install();
    #[cfg(not(unix))]
    let _ = ctrlc::set_handler(|| received(INTERRUPT));
}

fn received(signal: u8) {
    SIGNAL.store(signal, Ordering::SeqCst);
    let listening = LISTENING.load(Ordering::SeqCst);
    if !listening || STOP.swap(true, Ordering::SeqCst) {
        let _none_is_made = files::remove_temporary();
        std::process::exit(exit_code().into());
    }
}

/// Ends what [`listen`] began: a signal ends the process again.
pub fn ignore() {
    LISTENING.store(false, Ordering::SeqCst);
}

/// From now on the first signal sets the flag; the second one ends the process.
pub fn listen() -> &'static AtomicBool {
    LISTENING.store(true, Ordering::SeqCst);
    &STOP
}

#[cfg(unix)]
mod unix {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    pub fn install() {
        let ignored = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| ignored(&status));
        let heard = |signal: &i32| match ignored {
            // `nohup mlc …` goes on when its terminal is closed, as it was told to.
            Some(set) => set >> (signal - 1) & 1 == 0,
            // Nobody knows: what is asked for by hand is heard, a closed terminal ends the process.
            None => *signal != SIGHUP,
        };
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP].iter().filter(|s| heard(s))) else {
            return;
        };
        std::thread::spawn(move || {
            for signal in signals.forever() {
                // Their numbers are 1, 2 and 15.
                super::received(signal as u8);
            }
        });
    }

    /// The set of signals that the process was started to ignore, bit 0 for signal 1. `None`: it does not stand there.
    fn ignored(status: &str) -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(line.trim(), 16).ok()
    }

    #[test]
    fn ignored_signals_are_read_from_the_status() {
        assert_eq!(
            ignored("Name:\tmlc\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n"),
            Some(0x1001)
        );
        assert_eq!(ignored("Name:\tmlc\n"), None);
        assert_eq!(ignored("SigIgn:\tmany\n"), None);
    }
}
