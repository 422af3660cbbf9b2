"""Free text in an ONNX graph: its character n-grams counted, as `TextFeature` does.

ONNX has an operator that counts n-grams, and none that takes a text apart: that is
onnxruntime's own ``com.microsoft.Tokenizer``, part of all that it ships, so that another
runtime can't run such a graph.  Characters are looked up with their capital letters, since
ONNX's operator for small letters needs a locale that many systems don't have.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np

from ..onnx_graph import Graph
from ..tables.grams import LONGEST, SIZES, SPACE, folded
from ..tables.wording import TextFeature

__all__ = ["add_parts"]

MARKS = ("\x02", "\x03")
"""What the tokenizer puts before and behind a text."""


def add_parts(graph: Graph, feature: TextFeature, x: str, present: str) -> str:
    """Add what `TextFeature.apply` computes.

    Parameters
    ----------
    graph : Graph
        Where.
    feature : TextFeature
        What was fitted.
    x : str
        The texts' name, of shape (n, 1).
    present : str
        Which are not missing: the name of bool of shape (n, 1).

    Returns
    -------
    str
        The inputs' name, of shape (n, k).
    """
    weights, basis = feature.numbers
    counts = _counts(graph, feature, graph.node("Where", present, x, _space(graph)))
    shares = graph.node("Mul", counts, graph.constant(weights, name="weights"))
    lengths = graph.node("ReduceL2", shares, axes=[1], keepdims=1)
    least = graph.constant(np.finfo(graph.dtype).tiny, name="least")  # where there is no n-gram
    shares = graph.node("Div", shares, graph.node("Max", lengths, least))
    return graph.node("MatMul", shares, graph.constant(basis, name="basis"))


def _space(graph: Graph) -> str:
    return graph.constant([SPACE], "object", name="space")


def _counts(graph: Graph, feature: TextFeature, x: str) -> str:
    """Add the counts of n-grams in texts that are not empty, of shape (n, n_grams)."""
    alphabet = feature.counted.alphabet
    space = alphabet[SPACE]
    characters = graph.node(
        "Tokenizer",
        x,
        domain="com.microsoft",
        mark=1,
        pad_value="",
        separators=[""],
        mincharnum=1,
    )  # (n, 1, longest)
    axis = graph.constant([1], "int64", name="axis")
    characters = graph.node("Squeeze", characters, axis)
    # onnx knows no type of what an operator of another domain gives, until it is cast
    characters = graph.cast(characters, "object")
    known = {**dict.fromkeys(MARKS, space), **_written(alphabet)}
    codes = graph.node(
        "LabelEncoder",
        characters,
        domain="ai.onnx.ml",
        keys_strings=[*known],
        values_int64s=[*known.values()],
        default_int64=0,
    )
    bounds = (graph.constant([b], "int64", name="bound") for b in (0, 1 + LONGEST, 1))
    codes = graph.node("Slice", codes, *bounds)
    behind = graph.constant([0, 0, 0, 1], "int64", name="behind")
    codes = graph.node("Pad", codes, behind, graph.constant(space, "int64", name="space"))
    pools = [[gram for gram in feature.grams if len(gram) == size] for size in SIZES]
    sizes = [size for size, pool in zip(SIZES, pools) if pool]
    grams = [gram for pool in pools for gram in pool]
    lengths = [len(gram) for gram in grams]
    number = {gram: k for k, gram in enumerate(feature.grams)}
    starts = [
        sum(size * lengths.count(size) for size in range(n)) for n in range(1, 1 + max(sizes))
    ]
    return graph.node(
        "TfIdfVectorizer",
        codes,
        mode="TF",
        min_gram_length=min(sizes),
        max_gram_length=max(sizes),
        max_skip_count=0,
        ngram_counts=starts,
        ngram_indexes=[number[gram] for gram in grams],
        pool_int64s=[alphabet[character] for gram in grams for character in gram],
    )


def _written(alphabet: Mapping[str, int]) -> dict[str, int]:
    """Return all characters that count as those of an alphabet, and the number of each."""
    surrogates = range(0xD800, 0xE000)  # which are no text
    characters = (chr(p) for p in range(1, 1 + sys.maxunicode) if p not in surrogates)
    counted = ((character, folded(character)) for character in characters)
    return {character: alphabet[c] for character, c in counted if c in alphabet}
