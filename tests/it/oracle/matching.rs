//! Whether things can be paired off one by one: augmenting paths, as in any textbook.

/// Whether each of `many` things on the left can have one of as many on the right that fits it, and no
/// two the same.
pub fn can_be_paired_off(many: usize, fits: &dyn Fn(usize, usize) -> bool) -> bool {
    let mut partner_of_right: Vec<Option<usize>> = vec![None; many];
    (0..many).all(|left| augment(left, fits, &mut partner_of_right, &mut vec![false; many]))
}

fn augment(
    left: usize,
    fits: &dyn Fn(usize, usize) -> bool,
    partner_of_right: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for right in 0..tried.len() {
        if tried[right] || !fits(left, right) {
            continue;
        }
        tried[right] = true;
        let yields = partner_of_right[right].is_none_or(|other| augment(other, fits, partner_of_right, tried));
        if yields {
            partner_of_right[right] = Some(left);
            return true;
        }
    }
    false
}

#[test]
fn others_make_room() {
    let near = |limit: usize| move |left: usize, right: usize| left.abs_diff(right) <= limit && left + right != 0;
    assert!(can_be_paired_off(3, &near(1)));
    assert!(!can_be_paired_off(3, &near(0)));
}
