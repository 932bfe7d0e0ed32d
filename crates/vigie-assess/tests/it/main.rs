//! Whole assessments from hand-made evidence.
