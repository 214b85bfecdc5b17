//! Chance that can be had again: a sequence from a seed, and the words that are drawn from it.

/// A sequence of pseudo-random numbers (SplitMix64).
pub(crate) struct Chance(u64);

/// Letters of several scripts; none of them forms a word that the mails use otherwise.
const SCRIPTS: [&str; 7] = [
    "abcdefghijklmnopqrstuvwxyz",
    "zxqvjkw",
    "áčďéěíňóřšťúůýž",
    "абвгдежзиклмнопрстуфхцчшщ",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "ابتثجحخدذرزسشصضطظعغ",
    "客様怒返金拒否秘密社内限定値引率供給元不良品在庫処分",
];
/// What stands between them.
const FILLERS: [&str; 12] = ["the", "customer", "says", "our", "supplier", "is", "to", "never", "und", "der", "pas", "le"];

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A word that occurs nowhere else.
    fn canary(&mut self, script: &str) -> String {
        let letters: Vec<char> = script.chars().collect();
        let length = if script.starts_with('客') { 12 } else { 16 } + self.below(3);
        (0..length).map(|_| *self.pick(&letters)).collect()
    }

    /// A sentence of 1 to 30 words with the canaries that it holds.
    pub(crate) fn secret(&mut self, canaries: &mut Vec<String>) -> String {
        let script = *self.pick(&SCRIPTS);
        let length = if self.once_in(3) { 1 + self.below(3) } else { 1 + self.below(30) };
        let certain = self.below(length);
        let words: Vec<String> = (0..length)
            .map(|at| match at == certain || self.once_in(4) {
                true => {
                    let canary = self.canary(script);
                    canaries.push(canary.clone());
                    canary
                }
                false => (*self.pick(&FILLERS)).to_owned(),
            })
            .collect();
        let (glue, end) =
            if script.starts_with('客') && self.once_in(2) { ("", "。") } else { (" ", *self.pick(&[".", "!", ""])) };
        let mut sentence = words.join(glue) + end;
        if self.once_in(6) {
            sentence = format!("\"{sentence}\" it's");
        }
        sentence
    }
}
