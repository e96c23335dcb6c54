import numpy as np
import pytest

from verification.engines import seeds
from verification.errors import InvalidArgument
from verification.replication import batches


def first(rng):
    """The first four normals of a stream."""
    return rng.standard_normal(4).tolist()


def test_equal_arguments_give_equal_streams():
    """A stream depends on the root seed, the key and the replicate, and on nothing else."""
    assert first(seeds.generator(3, "a", 7)) == first(seeds.generator(3, "a", 7))


def test_streams_that_differ_in_one_argument_share_no_draw():
    """Seeds, keys, replicates, stages and blocks all lead to draws of their own."""
    base = seeds.generator(0, "key", 0)
    streams = [
        base,
        seeds.generator(1, "key", 0),
        seeds.generator(0, "other", 0),
        *(seeds.generator(0, "key", i) for i in range(1, 5)),
        *(seeds.stage(seeds.generator(0, "key", 0), i) for i in range(4)),
        *(seeds.block(seeds.generator(0, "key", 0), i) for i in range(4)),
        *(seeds.block(seeds.stage(seeds.generator(0, "key", 0), 1), i) for i in range(4)),
        *(seeds.fast(seeds.generator(0, "key", i)) for i in range(4)),
        *(seeds.fast(seeds.block(seeds.generator(0, "key", 0), i)) for i in range(4)),
    ]
    values = np.concatenate([rng.standard_normal(1000) for rng in streams])
    assert len(np.unique(values)) == len(values)


def test_the_last_block_of_a_stage_stays_clear_of_the_next_stage():
    """A stage has room for 2**40 - 1 blocks."""
    rng = seeds.generator(0, "key", 0)
    last = seeds.block(seeds.stage(rng, 0), 2**40 - 2)
    following = first(seeds.stage(rng, 1))
    assert first(last) != following
    assert first(seeds.block(seeds.stage(rng, 0), 2**40 - 1)) == following


@pytest.mark.parametrize("replicate", [0, 3, 2**63 - 1])
@pytest.mark.parametrize("index", [0, 5, 2**24, 2**64 - 2, 2**64 + 7])
def test_streams_are_numpy_jumps(replicate, index):
    """A block is what NumPy's own jump gives, also where the counter carries, and after draws."""
    rng = seeds.generator(1, "jump", replicate)
    rng.integers(0, 9, size=3)
    jumped = np.random.Generator(rng.bit_generator.jumped(index + 1))
    assert first(seeds.block(rng, index)) == first(jumped)


def test_only_counter_based_generators_can_be_split():
    """Asking for a block of another kind of generator is an error and not a repeated stream."""
    with pytest.raises(TypeError, match="MT19937"):
        seeds.block(np.random.Generator(np.random.MT19937(0)), 0)
    with pytest.raises(TypeError, match="SFC64"):
        seeds.fast(seeds.fast(seeds.generator(0, "key")))


@pytest.mark.parametrize("seed", [-1, 1.5, 2**63, "x"])
def test_a_wrong_seed_is_refused(seed):
    """A root seed is a whole number in [0, 2**63)."""
    with pytest.raises(InvalidArgument, match=r"^seed"):
        seeds.generator(seed, "key")


def test_a_fast_stream_is_numpys_own_with_a_key_from_the_other():
    """SFC64 as its reference code starts it: three words, a counter of 1, twelve steps that are dropped."""
    rng = seeds.generator(0, "key", 5)
    words = [int(w) for w in seeds.generator(0, "key", 5).bit_generator.random_raw(3)]
    a, b, c = words
    counter, outputs = 1, []
    for _ in range(14):
        output = (a + b + counter) % 2**64
        a, b, c = b ^ (b >> 11), (c + (c << 3)) % 2**64, ((c << 24 | c >> 40) + output) % 2**64
        counter += 1
        outputs.append(output)
    assert seeds.fast(rng).bit_generator.random_raw(2).tolist() == outputs[12:]


def test_two_fast_streams_of_one_generator_differ():
    """The key is taken from the stream, which moves on."""
    rng = seeds.generator(0, "key", 6)
    assert first(seeds.fast(rng)) != first(seeds.fast(rng))


def test_the_streams_do_not_change_between_versions():
    """The bits are a promise: results and commands rest on them.  Other bits need another `STREAMS`."""
    rng = seeds.generator(0, "promise", 1)
    assert rng.bit_generator.random_raw(2).tolist() == PROMISED
    assert seeds.fast(rng).bit_generator.random_raw(2).tolist() == PROMISED_FAST


def test_a_store_names_the_streams():
    """Whoever changes how seeds become numbers counts up, and rows of both kinds can be told apart."""
    assert f"streams {seeds.STREAMS}" in batches.row_versions().split(", ")


PROMISED = [15906031563787566803, 10144162822232707333]
PROMISED_FAST = [2579182660158374167, 12219013706422268304]
