//! `cases.txt`: one instruction, its bytes and its T-states on a line.

use crate::asm;

#[test]
fn every_case_has_its_bytes_and_t_states() {
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for line in include_str!("cases.txt").lines().filter(|line| line.contains('|') && !line.starts_with(';'))
    {
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        let [text, bytes, t_states] = fields[..] else { panic!("three fields: {line}") };
        let got = match asm(&format!(" org 8000h\n {text}")) {
            Ok(assembly) => {
                let hex: Vec<String> = assembly.bytes.iter().map(|byte| format!("{byte:02X}")).collect();
                let timing = assembly.lines.last().and_then(|line| line.t_states);
                format!("{} | {}", hex.join(" "), timing.expect("an instruction has T-states"))
            }
            Err(error) => error.to_string(),
        };
        compared += 1;
        if got != format!("{bytes} | {t_states}") {
            wrong.push(format!("{text}: wanted {bytes} | {t_states}, got {got}"));
        }
    }
    assert!(compared >= 200, "only {compared} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
