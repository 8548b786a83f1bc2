"""The smallest function: pilot function deploy hello examples/functions/hello.py"""


def handle(event, context):
    name = (event or {}).get("name", "world")
    print(f"greeting {name}")
    return {"hello": name, "version": context.version}
