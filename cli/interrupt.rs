//! Ctrl-C: ends the process at once, or asks a verb that can save its work to stop.

use std::sync::atomic::{AtomicBool, Ordering};

/// What shells expect of a process that Ctrl-C ended.
pub const EXIT_CODE: u8 = 130;

/// A verb is listening to [`STOP`].
static LISTENING: AtomicBool = AtomicBool::new(false);
static STOP: AtomicBool = AtomicBool::new(false);

/// Sets the handler. Without one the system's default holds, which ends the process too.
pub fn install() {
    // Fails only where the system refuses signal handlers; then Ctrl-C does what it does everywhere.
    let _ = ctrlc::set_handler(|| {
        let listening = LISTENING.load(Ordering::SeqCst);
        if !listening || STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(EXIT_CODE.into());
        }
    });
}

/// Ends what [`listen`] began: Ctrl-C ends the process again.
pub fn ignore() {
    LISTENING.store(false, Ordering::SeqCst);
}

/// From now on the first Ctrl-C sets the flag; the second one ends the process.
pub fn listen() -> &'static AtomicBool {
    LISTENING.store(true, Ordering::SeqCst);
    &STOP
}
