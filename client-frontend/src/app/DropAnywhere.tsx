import { useEffect, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { LogoMark } from './Logo.tsx';
import { notify } from './notify.ts';
import classes from './Shell.module.css';

/** Lets a file be dropped on any place of any page, where the browser would open it and leave the site. */
export function DropAnywhere() {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  const navigate = useNavigate();
  useEffect(() => {
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const enter = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth.current += 1;
      setOver(true);
    };
    const move = (event: DragEvent) => {
      if (carriesFiles(event)) event.preventDefault();
    };
    const leave = () => {
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current === 0) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      const taken = event.defaultPrevented;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      // A drop zone of the page has taken it.
      if (taken) return;
      // Both are empty once this has returned.
      const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
      void give(entries, [...(event.dataTransfer?.files ?? [])]);
    };
    const give = async (entries: (FileSystemEntry | null)[], files: File[]) => {
      const [{ giveFiles }, { droppedFiles }] = await Promise.all([
        import('../pages/new/give-files.ts'),
        import('../pages/new/dropped-files.ts'),
      ]);
      const refusal = await giveFiles(await droppedFiles(entries, files));
      if (refusal === null) void navigate('/new');
      else notify({ color: 'berry', title: 'Not taken', message: refusal });
    };
    const on = { dragenter: enter, dragover: move, dragleave: leave, drop };
    for (const [name, listener] of Object.entries(on))
      window.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(on)) {
        window.removeEventListener(name, listener as EventListener);
      }
    };
  }, [navigate]);
  if (!over) return null;
  return (
    <div className={classes.overlay} role="status">
      <div className={classes.overlayCard}>
        <LogoMark size={56} />
        Let go to give it to the farm
      </div>
    </div>
  );
}
