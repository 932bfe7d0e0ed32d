//! Pages that are kin are put together, also by owners who do not show each other what they hold.

use vigie_example::webshell::{mutate, shapes};
use vigie_webshell::analyze;
use vigie_webshell::lineage::{Sketch, cluster};

fn sketch(name: &str, number: u64) -> Sketch {
    let shape = shapes().find(|shape| shape.name == name).unwrap();
    analyze(shape.file, &mutate(&shape.page(), number)).sketch
}

#[test]
fn variants_of_one_shape_are_one_cluster_and_others_are_not() {
    let names = ["command page", "socket tunnel", "file manager"];
    let all: Vec<Sketch> =
        names.iter().flat_map(|name| [0, 2, 5].map(|number| sketch(name, number))).collect();
    let clusters = cluster(&all);
    let members: Vec<Vec<usize>> = clusters.iter().map(|cluster| cluster.members.clone()).collect();
    assert_eq!(members, [vec![0, 1, 2], vec![3, 4, 5], vec![6, 7, 8]]);
}

#[test]
fn a_shared_key_joins_pages_of_different_structure() {
    let a = sketch("encrypted assembly in memory", 0);
    let b = sketch("reflected load kept in the session", 0);
    assert_eq!(a.keys, ["0123456789abcdef"]);
    assert_eq!(cluster(&[a, b])[0].members, [0, 1]);
}

#[test]
fn keyed_sketches_compare_alike_under_one_key_and_not_under_two() {
    let a = sketch("command page", 0);
    let b = sketch("command page", 5);
    let likeness = a.keyed(b"shared").likeness(&b.keyed(b"shared"));
    assert!((likeness.structure - a.structure_likeness(&b)).abs() < 1e-9 && likeness.structure > 0.5);
    let apart = a.keyed(b"one").likeness(&b.keyed(b"two"));
    assert!(apart.structure < 0.1 && apart.keys == 0);
}
