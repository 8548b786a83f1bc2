import encodeQR from 'qr';
import { useMemo } from 'react';

/** Modules of quiet that ISO/IEC 18004 asks for on each side. */
const QUIET = 4;

/** Dark on white in either scheme: not every phone reads it the other way. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const rows = useMemo(() => encodeQR(text, 'raw', { ecc: 'medium', border: QUIET }), [text]);
  const path = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${rows.length} ${rows.length}`}
      width={220}
      height={220}
      shapeRendering="crispEdges"
      style={{ display: 'block', margin: '0 auto', background: '#ffffff', borderRadius: 10 }}
    >
      <path d={path} fill="#000000" />
    </svg>
  );
}
