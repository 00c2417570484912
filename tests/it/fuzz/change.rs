//! Changes inputs at random.

/// Makes inputs of others; the same seed makes the same ones.
pub struct Change {
    state: u64,
    words: &'static [&'static str],
}

/// Numbers at which something begins or ends.
const EDGES: [&str; 16] = [
    "0",
    "-1",
    "1",
    "127",
    "128",
    "255",
    "256",
    "65535",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
];

impl Change {
    pub fn new(seed: u64, words: &'static [&'static str]) -> Self {
        Self { state: seed | 1, words }
    }

    fn next(&mut self) -> u64 {
        // xorshift64*
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() >> 11) as usize % most.max(1)
    }

    /// One of the inputs, changed in a few places.
    pub fn of(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let first = self.below(inputs.len());
        let mut out = inputs[first].clone();
        for _ in 0..1 + self.below(6) {
            self.once(&mut out, inputs);
        }
        out.truncate(1 << 20);
        out
    }

    fn once(&mut self, out: &mut Vec<u8>, inputs: &[Vec<u8>]) {
        let at = self.below(out.len() + 1);
        let some = 1 + self.below(16);
        let end = (at + some).min(out.len());
        match self.below(10) {
            0 if at < out.len() => out[at] ^= 1 << self.below(8),
            1 if at < out.len() => out[at] = self.next() as u8,
            2 => drop(out.drain(at..end)),
            3 => {
                let piece = out[at..end].to_vec();
                let times = 1 + self.below(20);
                out.splice(at..at, piece.repeat(times));
            }
            4 | 5 => {
                let number = self.next() as usize;
                let word = self.words.get(number % self.words.len().max(1)).copied().unwrap_or("0");
                out.splice(at..at, word.bytes());
            }
            6 => {
                // A number in place of another.
                let digit = |byte: &u8| byte.is_ascii_digit();
                if let Some(from) = out[at..].iter().position(digit).map(|more| at + more) {
                    let to = out[from..].iter().position(|byte| !digit(byte)).map_or(out.len(), |more| from + more);
                    let edge = EDGES[self.below(16)];
                    out.splice(from..to, edge.bytes());
                }
            }
            7 => {
                let other = &inputs[self.below(inputs.len())];
                let from = self.below(other.len() + 1);
                let to = (from + 1 + self.below(64)).min(other.len());
                out.splice(at..end, other[from..to].iter().copied());
            }
            8 => out.truncate(at),
            _ => {
                let odd = ["\0", "\u{feff}", "é", "\u{202e}", "\u{1f600}", "\r\n", "\"", "'", "\u{fffd}"];
                let piece = odd[self.below(odd.len())];
                out.splice(at..at, piece.bytes());
            }
        }
    }
}
