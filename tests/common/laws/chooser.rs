//! Choices out of bytes: what a fuzzer varies decides what a law tries.

/// Takes choices from the front of the bytes; when they run out, every choice is the first one.
pub struct Chooser<'a> {
    rest: &'a [u8],
}

impl<'a> Chooser<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What was not used for choices.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((&byte, rest)) => {
                self.rest = rest;
                byte
            }
            None => 0,
        }
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    pub fn u32(&mut self) -> u32 {
        u32::from(self.u16()) << 16 | u32::from(self.u16())
    }

    /// A number below `end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// One of several things.
    pub fn one_of<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len())]
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Bytes with their length in front of them.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let length = self.below(most + 1).min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(length);
        self.rest = rest;
        bytes
    }

    /// Up to `most` places to cut a thing of this length, in order; some may be the same.
    pub fn cuts(&mut self, most: usize, length: usize) -> Vec<usize> {
        let count = self.below(most + 1);
        let mut cuts: Vec<usize> =
            (0..count).map(|_| usize::from(self.u16()) % (length + 1)).collect();
        cuts.sort_unstable();
        cuts
    }
}

/// The parts between the cuts.
pub fn parts<'a>(whole: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut from = 0;
    let mut parts = Vec::with_capacity(cuts.len() + 1);
    for &cut in cuts.iter().chain([&whole.len()]) {
        let to = cut.clamp(from, whole.len());
        parts.push(&whole[from..to]);
        from = to;
    }
    parts
}
