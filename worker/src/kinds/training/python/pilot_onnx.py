"""A model of torch as ONNX, by an example of what it takes."""

import inspect
import sys

OPSET = 13


def save(path, model, example):
    """Traces the model with the example, a tensor or a tuple of them; of each the first axis may be of any length."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        raise TypeError("pilot.export takes a model of torch, not %s" % type(model).__name__)
    inputs = tuple(torch.as_tensor(one) for one in (example if isinstance(example, tuple) else (example,)))
    names = ["input" if index == 0 else "input_%d" % (index + 1) for index in range(len(inputs))]
    rows = {name: {0: "rows"} for name, one in zip(names, inputs) if one.dim() > 0}
    # Later versions of torch would trace with a package that need not be there.
    more = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    torch.onnx.export(
        getattr(model, "module", model),  # of DistributedDataParallel
        inputs,
        path,
        input_names=names,
        output_names=["output"],
        dynamic_axes=dict(rows, output={0: "rows"}),
        opset_version=OPSET,
        **more,
    )
