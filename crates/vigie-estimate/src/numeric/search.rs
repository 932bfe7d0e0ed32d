//! Maxima and roots of a smooth function of one variable, with bounded work.

const GOLDEN: f64 = 0.381_966_011_250_105_1;

/// Where a function with one maximum in `[low, high]` is largest, to a relative `tolerance` (golden sections).
pub fn maximum<F: FnMut(f64) -> f64>(mut f: F, low: f64, high: f64, tolerance: f64) -> (f64, f64) {
    let (mut a, mut b) = (low, high);
    let (mut x, mut y) = (a + GOLDEN * (b - a), b - GOLDEN * (b - a));
    let (mut fx, mut fy) = (f(x), f(y));
    for _ in 0..200 {
        if (b - a) <= tolerance * b.abs().max(1.0) {
            break;
        }
        if fx >= fy {
            (b, y, fy) = (y, x, fx);
            x = a + GOLDEN * (b - a);
            fx = f(x);
        } else {
            (a, x, fx) = (x, y, fy);
            y = b - GOLDEN * (b - a);
            fy = f(y);
        }
    }
    if fx >= fy { (x, fx) } else { (y, fy) }
}

/// A root between `low` and `high`, where the signs differ; `None` when they do not (false position, then halving).
pub fn root<F: FnMut(f64) -> f64>(mut f: F, low: f64, high: f64, tolerance: f64) -> Option<f64> {
    let (mut a, mut b) = (low, high);
    let (mut fa, mut fb) = (f(a), f(b));
    if fa == 0.0 {
        return Some(a);
    }
    if fb == 0.0 {
        return Some(b);
    }
    if fa.is_nan() || fb.is_nan() || fa.signum() == fb.signum() {
        return None;
    }
    for round in 0..200 {
        if (b - a).abs() <= tolerance * b.abs().max(1.0) {
            break;
        }
        let straight = (a * fb - b * fa) / (fb - fa);
        let middle = if round % 3 == 2 || !straight.is_finite() { f64::midpoint(a, b) } else { straight };
        let value = f(middle);
        if value == 0.0 {
            return Some(middle);
        }
        if value.signum() == fa.signum() {
            (a, fa) = (middle, value);
            fb *= 0.5;
        } else {
            (b, fb) = (middle, value);
            fa *= 0.5;
        }
    }
    Some(f64::midpoint(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maximum_of_a_parabola_and_roots_of_a_cubic() {
        let (x, value) = maximum(|x| 3.0 - (x - 2.0) * (x - 2.0), 0.0, 10.0, 1e-9);
        assert!((x - 2.0).abs() < 1e-6 && (value - 3.0).abs() < 1e-12);
        assert!((root(|x| x * x * x - 8.0, 0.0, 50.0, 1e-12).unwrap() - 2.0).abs() < 1e-9);
        assert_eq!(root(|x| x * x + 1.0, -1.0, 1.0, 1e-9), None);
    }
}
