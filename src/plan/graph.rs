//! What must come before what, and which of it runs in circles.

/// Nodes in one row of numbers, and for each those that must come after it.
#[derive(Debug)]
pub struct Graph {
    /// Where each node's followers begin in `followers`; one more than there are nodes.
    starts: Vec<u32>,
    followers: Vec<u32>,
}

impl Graph {
    /// A graph of `nodes` nodes, in which the first of each edge comes before the second.
    pub fn new(nodes: usize, edges: &[(u32, u32)]) -> Self {
        let (starts, order) = sorted_by(nodes, edges.iter().map(|edge| edge.0));
        Self { starts, followers: order.into_iter().map(|edge| edges[edge as usize].1).collect() }
    }

    /// How many nodes.
    pub(super) fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// What must come after a node.
    pub(super) fn followers(&self, node: u32) -> &[u32] {
        &self.followers[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// For each node the number of its circle: nodes that must come before each other, directly or
    /// over others, have the same one. A circle that must come after another has a smaller number.
    ///
    /// Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972), with a stack of
    /// its own, since chains may be as long as the table.
    pub fn circles(&self) -> (Vec<u32>, usize) {
        const NONE: u32 = u32::MAX;
        let nodes = self.nodes();
        let (mut circle, mut seen, mut low) = (vec![NONE; nodes], vec![NONE; nodes], vec![0u32; nodes]);
        let (mut path, mut open) = (Vec::<(u32, u32)>::new(), Vec::<u32>::new());
        let (mut clock, mut circles) = (0u32, 0u32);
        for root in 0..nodes as u32 {
            if seen[root as usize] != NONE {
                continue;
            }
            path.push((root, 0));
            while let Some((node, done)) = path.last_mut() {
                let at = *node as usize;
                if *done == 0 && seen[at] == NONE {
                    (seen[at], low[at]) = (clock, clock);
                    clock += 1;
                    open.push(*node);
                }
                if let Some(next) = self.followers(*node).get(*done as usize) {
                    *done += 1;
                    if seen[*next as usize] == NONE {
                        path.push((*next, 0));
                    } else if circle[*next as usize] == NONE {
                        low[at] = low[at].min(seen[*next as usize]);
                    }
                    continue;
                }
                if low[at] == seen[at] {
                    while let Some(member) = open.pop() {
                        circle[member as usize] = circles;
                        if member as usize == at {
                            break;
                        }
                    }
                    circles += 1;
                }
                path.pop();
                if let Some((before, _)) = path.last() {
                    low[*before as usize] = low[*before as usize].min(low[at]);
                }
            }
        }
        (circle, circles as usize)
    }
}

/// Positions sorted by their group's number (and where groups are the same, by position), and
/// where each group begins; one more beginning than there are groups.
pub(super) fn sorted_by(groups: usize, group_of: impl Iterator<Item = u32> + Clone) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; groups + 1];
    let mut count = 0;
    for group in group_of.clone() {
        starts[group as usize + 1] += 1;
        count += 1;
    }
    for group in 0..groups {
        starts[group + 1] += starts[group];
    }
    let (mut free, mut out) = (starts.clone(), vec![0u32; count]);
    for (at, group) in group_of.enumerate() {
        out[free[group as usize] as usize] = at as u32;
        free[group as usize] += 1;
    }
    (starts, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found_and_numbered_last_to_first() {
        // 0 → 1 ⇄ 2 → 3, and 4 alone with itself.
        let graph = Graph::new(5, &[(0, 1), (1, 2), (2, 1), (2, 3), (4, 4)]);
        let (circle, count) = graph.circles();
        assert_eq!(count, 4);
        assert_eq!(circle[1], circle[2]);
        assert!(circle[0] > circle[1] && circle[1] > circle[3]);
        assert!([0, 1, 3].iter().all(|node| circle[*node] != circle[4]));
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let edges: Vec<(u32, u32)> = (0..300_000).map(|n| (n, n + 1)).collect();
        assert_eq!(Graph::new(300_001, &edges).circles().1, 300_001);
    }

    #[test]
    fn groups_keep_the_order_within() {
        let (starts, order) = sorted_by(3, [2, 0, 2, 0].into_iter());
        assert_eq!((starts, order), (vec![0, 2, 2, 4], vec![1, 3, 0, 2]));
    }
}
