//! Histories of the real engine over strict fakes and faults, from seeds; see `cargo xtask sim`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use passerelle_whole_product_tests::simulation::play;

/// Seeds that failed an earlier build, or that the engine's model names.
const REGRESSIONS: &[u64] = &[
    234, 633, 3619, 5300, 12_116, 21_986, 1082, 11796, 41941, 50730, 70009, 71110, 91130, 91300, 170_862,
    250_421, 283_489, 319_048, 335_950, 338_219, 362_035, 142_383, 46, 77, 110, 175, 386, 468, 513, 549, 673,
    345, 941, 1221, 1612, 2604, 3318, 4603, 5742, 9275, 9701, 101_264, 102_517, 102_830, 110_367, 113_111,
    113_856, 115_328, 116_750, 120_308, 120_493, 121_262, 121_559, 122_190, 125_156, 127_049, 130_610,
    131_861, 134_887, 144_206, 144_884, 149_562, 157_138, 161_729, 161_798, 161_800, 163_254, 168_911,
    169_548, 175_927, 177_182, 178_933, 192_714, 192_804, 194_134, 195_544, 2217, 3253, 6603, 9587, 9993,
    5554, 5607, 8471, 2439, 1089, 1771, 2073, 3511, 6242, 10_859, 11_241, 12_011, 12_042, 12_181, 12_430,
    14_107, 14_493, 15_913, 20_372, 25_653, 25_778, 5346, 21_439, 22_621, 5022, 7447, 8440, 3147, 10_024,
    13_579, 13_640, 13_880, 18_546, 21_754, 22_882, 24_126, 31_912, 32_674, 425, 36_797, 37_322, 55_891,
    66_303, 67_981, 70_308, 71_172, 76_590, 76_657, 77_429, 78_094, 58_180, 95_240, 94_090, 99_676,
];

fn check(seeds: impl Iterator<Item = u64>) {
    let failures: Vec<String> = seeds
        .filter_map(|seed| {
            let failure = play(seed, false).failure?;
            Some(format!("seed {seed}: {failure}\n    replay: cargo xtask sim --seed {seed}"))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn seeds_that_failed_before_pass() {
    check(REGRESSIONS.iter().copied());
}

#[test]
fn histories_end_well() {
    // `cargo xtask ci` plays ten thousand, on two threads; these are for whoever runs the tests alone.
    check(1..=150);
}

#[test]
fn a_seed_gives_the_same_history_twice() {
    for seed in 1..=30 {
        assert_eq!(play(seed, false).trace, play(seed, false).trace, "seed {seed} (I19)");
    }
}
