"""The checkpoints that golden values exist for: options of `make_checkpoint`, by name."""

from __future__ import annotations

from typing import Any

PAIRS = (
    ("the man plays the guitar", "a woman is playing the piano!"),
    ("the dog sat on the mat", "cats"),
    ("river bank", "the bank of the river is not a bank of money"),
)
SENTENCES = tuple(sentence for pair in PAIRS for sentence in pair)

ENCODERS: dict[str, dict[str, Any]] = {
    "gelu": {},
    "gelu_new_pretraining": {
        "hidden_act": "gelu_new",
        "prefix": "bert.",
        "gamma_beta": True,
        "pretraining_heads": True,
        "seed": 1,
    },
    "as_bert_base_on_the_hub": {
        "prefix": "bert.",
        "gamma_beta": True,
        "pretraining_heads": True,
        "vocab_only": True,
        "seed": 8,
    },
    "unigram": {"tokenizer": "unigram", "seed": 9},
    "bpe": {"tokenizer": "bpe", "type_vocab_size": 1, "seed": 10},
    "relu_sharded": {"hidden_act": "relu", "sharded": True, "seed": 2},
    "silu_wide": {
        "hidden_act": "silu",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 160,
        "config": {"layer_norm_eps": 1e-5},
        "seed": 3,
    },
}

_FLAGS = ("cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")
POOLINGS: dict[str, dict[str, Any]] = {
    name: {
        "sentence_transformers": {f"pooling_mode_{flag}": flag in flags for flag in _FLAGS},
        "normalize": name.endswith("normalized"),
        "max_seq_length": 12,
    }
    for name, flags in {
        **{flag: (flag,) for flag in _FLAGS},
        "mean_normalized": ("mean_tokens",),
        "cls_normalized": ("cls_token",),
        "max_and_mean": ("mean_tokens", "max_tokens"),
    }.items()
}

CLASSIFIERS: dict[str, dict[str, Any]] = {
    "cross_encoder": {"labels": ("LABEL_0",), "seed": 5},
    "cross_encoder_identity": {
        "labels": ("LABEL_0",),
        "config": {"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity", "version": "5"}},
        "seed": 5,
    },
    "cross_encoder_old_identity": {
        "labels": ("LABEL_0",),
        "config": {"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"},
        "seed": 5,
    },
    "inference": {"labels": ("contradiction", "entailment", "neutral"), "seed": 6},
    "several": {
        "labels": ("toxic", "obscene", "threat", "insult"),
        "config": {"problem_type": "multi_label_classification"},
        "seed": 7,
    },
}
