//! The judges, and how they are run.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a tool to its end in a folder; what it prints.
pub fn run(folder: &Path, tool: &str, args: &[&str]) -> String {
    let output = Command::new(tool).args(args).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{tool} {args:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &said
}

/// The input as a value change dump for simavr, a byte every 100 microseconds: all of it waits in the ring while the
/// first line is thought of. (With a longer pause before the first byte simavr sleeps on and takes none.)
pub fn dump(input: &str) -> String {
    let mut text = "$timescale 1ns $end\n$scope module logic $end\n$var wire 8 ! uar0_in $end\n\
                    $upscope $end\n$enddefinitions $end\n"
        .to_owned();
    let bytes = input.bytes().chain([0, 0]);
    for (byte, time) in bytes.zip((0u32..).map(|n| 200_000 + 100_000 * n)) {
        text += &format!("#{time}\nb{byte:08b} !\n");
    }
    text
}

/// The first `lines` that simavr shows of the serial line, control characters as full stops. The program never ends, so
/// that simavr is stopped then, or after a minute.
pub fn simavr(folder: &Path, file: &str, device: &str, clock: &str, lines: usize) -> Vec<String> {
    let mut child = Command::new("simavr")
        .args(["-m", device, "-f", clock, "-i", "in.vcd", file])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    let output = BufReader::new(child.stderr.take().unwrap());
    let reader = std::thread::spawn(move || {
        for line in output.split(b'\n').map_while(Result::ok) {
            if send.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut found = Vec::new();
    while found.len() < lines
        && let Ok(line) = receive.recv_timeout(deadline.saturating_duration_since(Instant::now()))
    {
        if let Some((_, text)) = line.split_once("\u{1b}[32m") {
            // The CR and the LF behind an answer.
            found.push(text.strip_suffix("..").unwrap_or(text).to_owned());
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(receive);
    reader.join().unwrap();
    found
}
