"""Fit one photograph into 100 kB and print all that is known of the answer."""

from pathlib import Path

import bytefit

PHOTO = Path(__file__).with_name("landscape.jpg")

result = bytefit.compress(PHOTO, "100KB")

print(f"before    {bytefit.format_size(PHOTO.stat().st_size)}")
print(f"after     {bytefit.format_size(result.size)} of {bytefit.format_size(result.budget)}, fill {result.fill:.1%}")
print(f"picture   {result.format}, {result.width}x{result.height}, scale {result.scale:g}")
print(f"quality   {result.quality:g}, proven the best rung: {'yes' if result.proven else 'no'}")
for kind, encodes in (("probe", result.probes), ("trial", result.trials)):
    for encode in encodes:
        print(f"{kind}     {bytefit.format_size(encode.size)} in {1000 * encode.seconds:.0f} ms")
print(f"all of it {1000 * result.seconds:.0f} ms")
