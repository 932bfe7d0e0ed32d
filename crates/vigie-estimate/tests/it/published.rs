//! Small tables from the literature, with the answers that other programs give for them.

use vigie_estimate::loglinear::{Hierarchy, fit_hierarchy};
use vigie_estimate::methods::decomposable::{GraphOptions, average};
use vigie_estimate::methods::recommend::{estimates, fast};
use vigie_estimate::table::CaptureTable;

/// Ball et al. 2002, killings in Kosovo by four sources: 4,400 seen.
pub(crate) fn kosovo() -> CaptureTable {
    let cells = [
        (1, 1131),
        (2, 845),
        (4, 936),
        (8, 306),
        (3, 177),
        (5, 228),
        (9, 106),
        (6, 217),
        (10, 31),
        (12, 123),
        (7, 181),
        (11, 18),
        (13, 42),
        (14, 32),
        (15, 27),
    ];
    CaptureTable::from_cells(&["EXH", "ABA", "OSCE", "HRW"], &cells).unwrap()
}

/// Chao et al. 2001, an outbreak of hepatitis A in Taiwan: 271 seen, about 545 infected by a later screening.
pub(crate) fn hepatitis() -> CaptureTable {
    let cells = [(1, 69), (2, 55), (4, 63), (3, 21), (5, 17), (6, 18), (7, 28)];
    CaptureTable::from_cells(&["P", "Q", "E"], &cells).unwrap()
}

fn near(value: f64, expected: f64, relative: f64) {
    assert!((value / expected - 1.0).abs() <= relative, "{value} is not {expected}");
}

#[test]
fn kosovo_as_rcapture_and_dga_have_it() {
    let table = kosovo();
    assert_eq!(table.seen(), 4400);
    let rows = estimates(&fast(&table, 1));
    let row = |method: &str| rows.iter().find(|r| r.method == method).unwrap();
    near(row("Mt independence").estimate, 7_394.586_662_300_24, 1e-9);
    near(row("Mt independence").low.unwrap(), 7_147.748_892, 1e-6);
    near(row("Mt independence").high.unwrap(), 7_656.195_348, 1e-6);
    near(row("Mth Chao LB").estimate, 8_588.397_043, 1e-6);
    near(row("Mth Chao LB").low.unwrap(), 8_188.718_688, 1e-6);
    near(row("Mth Chao LB").high.unwrap(), 9_026.917_773, 1e-6);
    near(row("log-linear BIC").estimate, 14_341.663_800_427, 1e-9);
    near(row("log-linear BIC").high.unwrap(), 16_542.835_358, 1e-6);
    let range = row("all models order<=2 range");
    near(range.low.unwrap(), 7_284.503_648_628, 1e-9);
    near(range.high.unwrap(), 14_402.488_951_687, 1e-9);
    let graphs = row("dga BMA");
    assert_eq!((graphs.estimate, graphs.low, graphs.high), (12_593.0, Some(9_825.0), Some(16_545.0)));
}

#[test]
fn kosovo_with_a_three_way_term_is_the_published_figure() {
    let model = Hierarchy::new(4, &[0b0111, 0b1001, 0b1100]);
    let fitted = fit_hierarchy(&kosovo(), &model).unwrap();
    assert_eq!(fitted.model.to_string(), "[123;14;34]");
    near(fitted.estimate, 10_356.518_957_251_8, 1e-9);
}

#[test]
fn hepatitis_as_recorded() {
    let table = hepatitis();
    assert_eq!(table.seen(), 271);
    let rows = estimates(&fast(&table, 1));
    let row = |method: &str| rows.iter().find(|r| r.method == method).unwrap();
    near(row("Mt independence").estimate, 388.483_494_8, 1e-8);
    near(row("log-linear AIC").estimate, 1_312.764_705_88, 1e-8);
    let graphs = average(&table, &GraphOptions::standard(271)).unwrap();
    assert_eq!((graphs.median, graphs.low, graphs.high), (380.0, 272.0, 1_653.0));
}
