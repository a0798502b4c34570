//! What a step costs in energy, from its cycles and the datasheet's currents. docs/avr.md has the formula.

use mlc_compiler::target::Device;
use mlc_compiler::target::device::Current;
use serde::Serialize;

/// A common lithium cell of sewn projects.
const CELL_MILLIAMPERE_HOURS: f64 = 110.0;

/// Energy of a step, and what it was computed from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Energy {
    pub volts: f64,
    /// Supply current while the processor executes, and while it sleeps in idle.
    pub active_milliamperes: f64,
    pub idle_milliamperes: f64,
    pub microjoules_a_step: f64,
    /// Steps that a cell of 110 mAh has charge for.
    pub steps_from_cell: f64,
}

/// The energy of a step of `active` cycles, during which the processor sleeps for `idle` more, at `clock_hz` and
/// `millivolts`. `None`: the device's description has no currents.
pub fn energy(device: &Device, clock_hz: u32, millivolts: u32, active: f64, idle: f64) -> Option<Energy> {
    let charge = |current: fn(&Current) -> u32| charge(&device.currents, millivolts, current);
    let uart = charge(|c| c.uart)?;
    let (executing, sleeping) = (charge(|c| c.active)? + uart, charge(|c| c.idle)? + uart);
    let volts = f64::from(millivolts) / 1000.0;
    let coulombs = executing * active + sleeping * idle;
    let milliamperes = |charge: f64| charge * f64::from(clock_hz) * 1e3;
    Some(Energy {
        volts,
        active_milliamperes: milliamperes(executing),
        idle_milliamperes: milliamperes(sleeping),
        microjoules_a_step: volts * coulombs * 1e6,
        steps_from_cell: CELL_MILLIAMPERE_HOURS * 3.6 / coulombs,
    })
}

/// The charge that one cycle takes, in coulombs. A CMOS circuit's current is proportional to its clock, so each
/// current that the datasheet states gives a charge a cycle at its voltage. Between two voltages, and beyond the last
/// ones, the charge is taken from the straight line through the two nearest.
fn charge(currents: &[Current], millivolts: u32, current: impl Fn(&Current) -> u32) -> Option<f64> {
    let at = |c: &Current| (f64::from(c.millivolts), f64::from(current(c)) * 1e-9 / f64::from(c.hertz));
    let mut points: Vec<(f64, f64)> = currents.iter().map(at).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let wanted = f64::from(millivolts);
    let above = points.iter().position(|(volts, _)| *volts >= wanted).unwrap_or(points.len());
    match points.as_slice() {
        [] => None,
        [(_, charge)] => Some(*charge),
        _ => {
            let upper = above.clamp(1, points.len() - 1);
            let ((v0, q0), (v1, q1)) = (points[upper - 1], points[upper]);
            Some(q0 + (q1 - q0) * (wanted - v0) / (v1 - v0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlc_compiler::Assets;

    fn chip(name: &str) -> Device {
        let devices = Assets::builtin().devices().unwrap();
        devices.into_iter().find(|device| device.name == name).unwrap()
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-3, "{found}, not {expected}");
    }

    #[test]
    fn the_datasheets_points_come_out_as_they_are() {
        let chip = chip("atmega328p");
        for (volts, hertz, active, idle) in [
            (2_000, 1_000_000, 0.3032, 0.0432),
            (3_000, 4_000_000, 1.72217, 0.32217),
            (5_000, 8_000_000, 5.30025, 1.30025),
        ] {
            let energy = energy(&chip, hertz, volts, 1000.0, 0.0).unwrap();
            near(energy.active_milliamperes, active);
            near(energy.idle_milliamperes, idle);
        }
    }

    #[test]
    fn energy_is_voltage_times_current_times_time() {
        let chip = chip("atmega328p");
        // Twice the clock of the datasheet's point: twice the current, half the time.
        let at_16 = energy(&chip, 16_000_000, 5_000, 160_000.0, 0.0).unwrap();
        near(at_16.active_milliamperes, 10.6005);
        near(at_16.microjoules_a_step, 5.0 * 10.6005e-3 * 10e-3 * 1e6);
        near(at_16.steps_from_cell, 396.0 / (10.6005e-3 * 10e-3));
        // 3.7 V is 0.35 of the way from 3 V to 5 V: 0.35 of the way from 0.43054 to 0.66253 nC a cycle.
        let lilypad = energy(&chip, 8_000_000, 3_700, 80_000.0, 0.0).unwrap();
        near(lilypad.active_milliamperes, 8.0 * 0.511737);
        // Asleep half of the time.
        let half = energy(&chip, 8_000_000, 5_000, 40_000.0, 40_000.0).unwrap();
        near(half.microjoules_a_step, 5.0 * (5.30025 + 1.30025) * 1e-3 * 5e-3 * 1e6);
        // Beyond the points the line goes on.
        assert!(energy(&chip, 8_000_000, 5_500, 1.0, 0.0).unwrap().active_milliamperes > 5.4);
    }

    #[test]
    fn without_currents_there_is_no_energy() {
        assert_eq!(energy(&chip("attiny85"), 8_000_000, 3_000, 1.0, 1.0), None);
    }
}
