/** Three lanes that together make one arrow. */
export function LogoMark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path d="M3 5h12.4l5.2 6H3z" fill="var(--state-running)" />
      <path d="M3 13h20.4l2.6 3-2.6 3H3z" fill="currentColor" />
      <path d="M3 21h17.6l-5.2 6H3z" fill="var(--state-done)" />
    </svg>
  );
}
