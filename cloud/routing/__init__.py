"""Plans: a Problem, engines that solve it, a checker that trusts none of them, and plain words for what came out."""
