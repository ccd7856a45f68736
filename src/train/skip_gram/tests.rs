use super::*;

/// Words 0..4 stand among 8..12, words 4..8 among 12..16.
fn two_groups(seed: u64) -> Vec<Vec<u32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let sentence = |n: usize, rng: &mut ChaCha8Rng| {
        let group = 4 * (n as u32 % 2);
        let word = |first: u32, rng: &mut ChaCha8Rng| first + group + rng.random_range(0..4);
        (0..20).map(|place| word(8 * (place % 2), rng)).collect()
    };
    (0..600).map(|n| sentence(n, &mut rng)).collect()
}

fn settings(seed: u64) -> SkipGram {
    SkipGram { dimension: 10, window: 2, seed, ..SkipGram::default() }
}

#[test]
fn words_of_shared_contexts_are_more_alike_than_others() {
    for seed in 0..5 {
        let trained = settings(seed).train(16, &two_groups(seed), |_, _| ()).unwrap();
        let group = |word: usize| word / 4 % 2;
        let all = || (0..8).flat_map(|a| (0..a).map(move |b| (a, b)));
        let (same, other): (Vec<_>, Vec<_>) = all().partition(|&(a, b)| group(a) == group(b));
        let cosine = |pair: &(usize, usize)| trained.cosine(pair.0, pair.1);
        let least = same.iter().map(cosine).fold(f64::INFINITY, f64::min);
        let most = other.iter().map(cosine).fold(f64::NEG_INFINITY, f64::max);
        assert!(least > most, "seed {seed}: {least} within, {most} between");
        assert!(group(trained.nearest(1, 1)[0].0) == 0);
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_does_not() {
    let sentences = two_groups(9);
    let train = |seed| settings(seed).train(16, &sentences, |_, _| ()).unwrap();
    assert_eq!(train(1), train(1));
    assert_ne!(train(1).values, train(2).values);
}

#[test]
fn the_loss_falls_from_where_chance_is() {
    let mut losses = Vec::new();
    let slow = SkipGram { learning_rate: 0.005, ..settings(3) };
    slow.train(16, &two_groups(3), |epoch, loss| losses.push((epoch, loss))).unwrap();
    assert_eq!(losses.iter().map(|l| l.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(losses[4].1 < 0.8 * losses[0].1, "{losses:?}");
    // Six decisions that are all even: 6 ln 2, less the draws of the context word itself.
    assert!(losses[0].1 < 6.0 * 2f64.ln() && losses[0].1 > 2.5, "{losses:?}");
}

#[test]
fn a_pair_descends_the_gradient_of_its_loss() {
    let settings = SkipGram { dimension: 3, negatives: 1, ..SkipGram::default() };
    let counts = [5, 5, 0];
    let mut network = Network::new(&settings, &counts);
    network.noise.fill(1);
    network.rate = 1e-3;
    let vectors = [[0.3, -0.2, 0.5], [0.1, 0.4, -0.6], [-0.2, 0.7, 0.2]];
    for (word, vector) in vectors.iter().enumerate() {
        network.centres[word * network.width..][..3].copy_from_slice(vector);
        network.contexts[word * network.width..][..3].copy_from_slice(vector);
    }
    let (centre, context, noise) = (vectors[2], vectors[0], vectors[1]);
    let loss = |h: [f32; 3]| {
        let dot = |v: [f32; 3]| -> f64 { (0..3).map(|i| f64::from(h[i]) * f64::from(v[i])).sum() };
        (1.0 + (-dot(context)).exp()).ln() + (1.0 + dot(noise).exp()).ln()
    };
    network.pair(2, 0);
    assert!((network.take_loss() - loss(centre)).abs() < 1e-6);
    for i in 0..3 {
        let at = |by: f32| {
            let mut moved = centre;
            moved[i] += by;
            loss(moved)
        };
        let gradient = (at(1e-2) - at(-1e-2)) / 2e-2;
        let change = f64::from(network.centres[2 * network.width + i] - centre[i]);
        assert!((change + 1e-3 * gradient).abs() < 1e-6, "{change} for {gradient}");
    }
}

#[test]
fn noise_words_have_shares_by_their_counts() {
    let table = noise(&[16, 0, 1, 81]);
    let share = |word| table.iter().filter(|&&w| w == word).count() as f64 / table.len() as f64;
    for (word, expected) in [(0, 8.0 / 36.0), (1, 0.0), (2, 1.0 / 36.0), (3, 27.0 / 36.0)] {
        assert!((share(word) - expected).abs() < 1.0 / table.len() as f64, "{word}");
    }
}

#[test]
fn subsampling_drops_frequent_words_and_absent_words_are_zero() {
    let sentences = vec![vec![0; 1000], vec![1, 2, 1, 2]];
    let few = SkipGram { subsample: 1e-3, ..settings(1) };
    let trained = few.train(5, &sentences, |_, _| ()).unwrap();
    assert_eq!(trained.counts, [1000, 2, 2, 0, 0]);
    assert!(trained.vector(3).iter().chain(trained.vector(4)).all(|&value| value == 0.0));
    let mut network = Network::new(&few, &trained.counts);
    network.sentence(&sentences[0]);
    assert!((10..70).contains(&network.kept.len()), "{}", network.kept.len());
}

#[test]
fn settings_and_sentences_that_cannot_be_trained_are_refused() {
    let good = vec![vec![0, 1, 0, 1]];
    let refused = |settings: SkipGram, sentences: &[Vec<u32>], told: &str| {
        let problem = settings.train(2, sentences, |_, _| ()).unwrap_err();
        assert!(problem.contains(told), "{problem}");
    };
    refused(SkipGram { dimension: 0, ..settings(1) }, &good, "dimension is 0");
    refused(SkipGram { window: 0, ..settings(1) }, &good, "window");
    refused(SkipGram { learning_rate: f64::NAN, ..settings(1) }, &good, "learning rate");
    refused(SkipGram { subsample: -1.0, ..settings(1) }, &good, "subsample");
    refused(settings(1), &[vec![0], vec![]], "nothing to learn");
    refused(settings(1), &[vec![0, 2]], "word 2");
}
