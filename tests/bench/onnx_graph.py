"""A checkpoint as ONNX graphs for the peers that want one: `python -m tests.bench.onnx_graph FOLDER`.

In: what `tests.bench.checkpoint` writes, an encoder or a cross-encoder. Out, in FOLDER/onnx, both axes dynamic:
- `fp32.onnx`: BERT, and masked mean pooling or the classifier; for OpenVINO.
- `int8.onnx`: attention, layer norms and GELU fused by ONNX Runtime's own optimizer, then dynamic quantisation, signed,
  per channel. Unsigned weights, or MatMul alone quantised, were measured and are slower.
- `qint8_avx512_vnni.onnx`: what sentence-transformers' `export_dynamic_quantized_onnx_model(…, "avx512_vnni")` asks
  ONNX Runtime for: nothing fused beforehand, signed, not per channel. Its own export wants an older transformers.
Runs in the peers' environment, in a process of its own, once.
Source: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from transformers import BertForSequenceClassification, BertModel

NAMES = ["input_ids", "attention_mask", "token_type_ids"]


class MeanPooled(torch.nn.Module):
    """`BertModel` and the mean over real tokens: int64 [batch, seq] three times -> float32 [batch, hidden]."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(folder, attn_implementation="eager").eval()

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """The sentence embeddings."""
        hidden = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        real = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * real).sum(1) / real.sum(1)


class Classified(torch.nn.Module):
    """A classifier of one label: int64 [batch, seq] three times -> float32 [batch, 1], the logit."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.classifier = BertForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()
        self.bert = self.classifier.bert

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """The logits."""
        return self.classifier(input_ids, attention_mask, token_type_ids).logits


def export(folder: Path) -> None:
    """Write the graphs; the fused one appears last, whole."""
    out = folder / "onnx"
    out.mkdir(exist_ok=True)
    is_encoder = "BertModel" in json.loads((folder / "config.json").read_text(encoding="utf-8"))["architectures"]
    model = MeanPooled(folder) if is_encoder else Classified(folder)
    ids, mask = torch.randint(200, 2_000, (2, 16)), torch.ones(2, 16, dtype=torch.long)
    mask[1, 10:] = 0
    axes = {name: {0: "batch", 1: "seq"} for name in NAMES} | {"found": {0: "batch"}}
    torch.onnx.export(
        model,
        (ids, mask, torch.zeros_like(ids)),
        str(out / "fp32.onnx"),
        input_names=NAMES,
        output_names=["found"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,  # the exporter whose graph ONNX Runtime's fusions know
    )
    config = model.bert.config
    fused = optimize_model(
        str(out / "fp32.onnx"),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        opt_level=0,
    )
    if not fused.is_fully_optimized():
        raise SystemExit(f"ONNX Runtime did not fuse the whole graph: {fused.get_fused_operator_statistics()}")
    fused.save_model_to_file(str(out / "fused.onnx"))
    plain = {"weight_type": QuantType.QInt8, "extra_options": {"DefaultTensorType": TensorProto.FLOAT}}
    quantize_dynamic(out / "fp32.onnx", out / "qint8_avx512_vnni.onnx", **plain)
    quantize_dynamic(out / "fused.onnx", out / "part.onnx", per_channel=True, **plain)
    (out / "part.onnx").rename(out / "int8.onnx")


if __name__ == "__main__":
    export(Path(sys.argv[1]))
